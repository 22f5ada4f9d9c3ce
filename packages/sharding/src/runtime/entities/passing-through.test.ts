import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { ManualClock } from "../../adapters/memory/manual-clock.ts";
import { MemoryPostgres } from "../../adapters/memory/memory-postgres.ts";
import { JournalCheck } from "../../testkit/journal-check.ts";
import { command, defineEntity, emit } from "./definition.ts";
import type { EntityJournal } from "./durable-store.ts";
import { ExecutorHarness } from "./executor-harness.ts";

/** `pnpm test:nightly`. */
const isLong = process.env["LEASEHOLD_TEST_LONG"] === "on";
const ids = isLong ? 1_000_000 : 50_000;

const options = { residentLimit: 1_000, passivateAfterMs: 60_000 } as const;
const one = z.number();

const Volatile = defineEntity("volatile", {
  ...options,
  state: () => ({ sum: 0 }),
  commands: { add: command(one, ({ state }, by) => (state.sum += by)) },
});

const Durable = defineEntity("durable", {
  ...options,
  state: () => ({ sum: 0 }),
  snapshotEvery: 1,
  events: { added: ({ sum }, by: number) => ({ sum: sum + by }) },
  commands: { add: command(one, ({ state }, by) => emit(state.sum + by, { added: by })) },
});

/** Takes everything and remembers nothing: what stays in memory is the executor's. */
const forgetful: EntityJournal = {
  claim: async (_holder, shards) => shards.map(() => "claimed"),
  append: async () => "committed",
  read: async () => [],
  replay: async () => ({ snapshot: null, events: [] }),
  keep: async () => undefined,
  findCommand: async () => false,
  findOutcome: async () => null,
  holds: async () => true,
  dueTimers: async () => ({ nowMs: 0, timers: [] }),
  timersOf: async () => [],
  startTimers: async () => undefined,
};

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

async function heapBytes(): Promise<number> {
  await turn();
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

describe.each([
  ["volatile", Volatile, null],
  ["durable", Durable, null],
  ["durable", Durable, "key"],
] as const)("%s entities", (type, definition, key) => {
  const how = key === null ? "" : ", each command under a key";

  test(`${ids} ids that pass through leave nothing behind but the limit${how}`, async () => {
    const home = new ExecutorHarness([definition], forgetful);
    home.open();
    const passThrough = async (from: number, count: number): Promise<void> => {
      for (let id = from; id < from + count; id += 1) {
        home.send(type, `id-${id}`, "add", 1, { key: key === null ? null : `${key}-${id}` });
        if (id % 500 !== 499) continue;
        await turn();
        const failed = home.said.find((message) => message.tag !== "reply" || !message.reply.ok);
        expect(failed).toBeUndefined();
        home.said.length = 0;
      }
      await turn();
    };
    // Maps have grown to their size by then.
    await passThrough(0, 10_000);
    const before = await heapBytes();
    await passThrough(10_000, ids);
    const perId = ((await heapBytes()) - before) / ids;
    expect(home.executor.stats()).toEqual({ entities: 1_000, waiting: 0, running: 0 });
    expect(home.executor.describe()).toMatchObject([{ entities: 1_000, running: 0 }]);
    // An entry of a map, with its text, takes more than 60.
    expect(perId, "bytes of heap for each id").toBeLessThan(20);
    home.clock.advance(2 * options.passivateAfterMs);
    expect(home.executor.describe()).toMatchObject([{ entities: 0 }]);
    expect(home.clock.timers).toBe(0);
  }, 600_000);
});

test("whenever a message comes while durable entities are unloaded, one of their lives answers it, in order", async () => {
  const Few = defineEntity("few", {
    ...{ residentLimit: 2, passivateAfterMs: 80 },
    state: () => ({ sum: 0 }),
    events: { added: ({ sum }, by: number) => ({ sum: sum + by }) },
    commands: { add: command(one, ({ state }, by) => emit(state.sum + by, { added: by })) },
  });
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ tag: fc.constant("send"), id: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ tag: fc.constant("turn"), id: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ tag: fc.constant("wait"), id: fc.constantFrom(10, 200) }) },
  );
  let loadedAgain = 0;
  const run = async (steps: readonly { readonly tag: string; readonly id: number }[]) => {
    const postgres = new MemoryPostgres({ clock: new ManualClock() });
    const check = new JournalCheck();
    postgres.onJournal(check.see);
    const journal = postgres.journal();
    const replay = vi.spyOn(journal, "replay");
    const home = new ExecutorHarness([Few], journal);
    home.open();
    const sent = new Map<string, number[]>();
    for (const { tag, id } of steps) {
      if (tag === "turn") await turn();
      else if (tag === "wait") home.clock.advance(id);
      else {
        const requests = sent.get(`e${id}`) ?? [];
        sent.set(`e${id}`, requests);
        requests.push(home.send("few", `e${id}`, "add", 1));
      }
      expect(home.executor.stats().entities).toBeLessThanOrEqual(2);
    }
    const all = [...sent.values()].flat();
    for (let i = 0; i < 200 && all.some((id) => home.outcome(id) === "none"); i += 1) await turn();
    for (const [id, requests] of sent) {
      const answers = requests.map((request) => home.outcome(request));
      // All busy: that is told, and nothing of it has run.
      const ran = answers.filter((answer) => answer !== "OVERLOADED executed=no");
      expect(ran).toEqual(ran.map((_, index) => `ok ${index + 1}`));
      expect(check.versionOf("default", "few", id)).toBe(ran.length);
    }
    loadedAgain += replay.mock.calls.length - sent.size;
    home.executor.close();
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), run), {
    numRuns: 300,
  });
  expect(loadedAgain, "or nothing was tried").toBeGreaterThan(300);
});
