import { describe, expect, it } from "vitest";
import { type FaultyServer, serverCases } from "../../testkit/server-cases.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemoryPostgres } from "./memory-postgres.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Time passes while something is waited for. */
async function whileTimePasses<T>(clock: ManualClock, running: Promise<T>): Promise<T> {
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  running.then(over, over);
  while (!isOver) {
    clock.advance(10);
    await turn();
  }
  return await running;
}

function faulty(clock: ManualClock): FaultyServer {
  const postgres = new MemoryPostgres({ clock });
  let isCut = false;
  const link = {
    pass: (direction: "out" | "in", deliver: () => void): void => {
      if (!isCut || direction === "out") deliver();
    },
  };
  let takeOver: (() => void) | null = null;
  return {
    sessions: postgres.sessions(),
    store: postgres.store({ link }),
    journal: postgres.journal(),
    successor: postgres.journal(),
    restart: async () => postgres.restart(),
    lagBehind: async () => {
      takeOver = postgres.lagBehind();
    },
    failOver: async () => (takeOver === null ? postgres.failOver() : takeOver()),
    hang: async (append) => {
      postgres.journals.hangAppends(1);
      const result = append();
      // Its way to the server.
      for (let turns = 0; turns < 5; turns += 1) await turn();
      const resume = async (): Promise<void> => {
        postgres.journals.resumeHung();
      };
      return { result, resume };
    },
    loseAnswer: async (call) => {
      isCut = true;
      const failure = await call().catch((error: unknown) => error);
      isCut = false;
      return failure;
    },
  };
}

describe("the simulated Postgres, where", () => {
  it.each(serverCases)("$name", async ({ run, expected }) => {
    const clock = new ManualClock();
    expect(await whileTimePasses(clock, run(faulty(clock)))).toEqual(expected);
  });
});
