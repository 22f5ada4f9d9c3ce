import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { ManualClock } from "../adapters/memory/manual-clock.ts";
import { MemoryPostgres } from "../adapters/memory/memory-postgres.ts";
import { elect } from "./elect.ts";

const ttlMs = 1_000;

function scene() {
  const clock = new ManualClock();
  const postgres = new MemoryPostgres({ clock });
  const waits: number[] = [];
  const candidate = { mayLead: true };
  const store = postgres.store();
  const self = { nodeId: "node-1", incarnation: clock.uuid() };
  const seen = () => ({ history: postgres.tables.state().history, seq: 0, term: 0 });
  /** @returns the term that it raised, or null. */
  const elected = async (): Promise<number | null> => {
    const election = await elect({
      ...{ self, store, clock, ttlMs, seen },
      ...{ onWait: (ms) => waits.push(ms), mayLead: () => candidate.mayLead },
    });
    return election?.cluster.term ?? null;
  };
  /** In steps: what a timer settles sets the next timer. */
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 10) {
      clock.advance(10);
      await setImmediate();
    }
  };
  return { pass, postgres, waits, candidate, elected };
}

test("the first coordinator and every later one of the same timeline wait for nobody", async () => {
  const { elected, waits } = scene();
  expect(await elected()).toBe(1);
  expect(await elected()).toBe(2);
  expect(waits).toEqual([]);
});

test("after a failover a whole ttl passes before anybody may lead", async () => {
  const { elected, waits, postgres, pass } = scene();
  await elected();
  postgres.failOver();
  let led: number | null = null;
  const waiting = elected().then((term) => {
    led = term;
  });
  await pass(ttlMs);
  expect(led).toBe(null);
  await pass(ttlMs / 10);
  await waiting;
  expect(led).toBe(2);
  expect(waits).toEqual([1.02 * ttlMs]);
});

test("a candidate that dies in the wait leaves it to the next one", async () => {
  const { elected, waits, postgres, pass, candidate } = scene();
  await elected();
  postgres.failOver();
  const first = elected();
  candidate.mayLead = false;
  await pass(ttlMs / 2);
  expect(await first).toBe(null);
  candidate.mayLead = true;
  const second = elected();
  await pass(1.1 * ttlMs);
  expect(await second).toBe(2);
  expect(waits).toHaveLength(2);
});

test("a second failover within the wait is waited for anew", async () => {
  const { elected, postgres, pass } = scene();
  await elected();
  postgres.failOver();
  const first = elected();
  await pass(ttlMs / 2);
  postgres.failOver();
  await pass(ttlMs);
  expect(await first).toBe(null);
});
