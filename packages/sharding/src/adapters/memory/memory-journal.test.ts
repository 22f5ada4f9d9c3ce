import { eventFeedContract } from "../../testkit/contracts/event-feed.ts";
import { journalContract } from "../../testkit/contracts/journal.ts";
import type { JournalHarness } from "../../testkit/contracts/store-harness.ts";
import { timersContract } from "../../testkit/contracts/timers.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemoryPostgres } from "./memory-postgres.ts";

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

async function makeHarness(): Promise<JournalHarness> {
  const clock = new ManualClock();
  const server = new MemoryPostgres({ clock });
  let isCut = false;
  const link = {
    pass: (direction: "out" | "in", deliver: () => void) => {
      if (!isCut || direction === "out") deliver();
    },
  };
  const journal = server.journal({ link });
  const feed = server.feed({ link });
  return {
    journal,
    feed,
    loseAnswer: async (call) => {
      isCut = true;
      const answer = call().catch((error: unknown) => error);
      await settle();
      clock.advance(5_000);
      const failure = await answer;
      isCut = false;
      return failure;
    },
    elapse: async (ms) => clock.advance(ms),
    close: async () => {
      await Promise.all([journal.close(), feed.close()]);
    },
  };
}

journalContract("memory", makeHarness);
timersContract("memory", makeHarness);
eventFeedContract("memory", makeHarness);
