import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { ManualClock } from "../adapters/memory/manual-clock.ts";
import { MemoryPostgres } from "../adapters/memory/memory-postgres.ts";
import { waitForOldLeases } from "./new-timeline.ts";

const ttlMs = 1_000;

function scene() {
  const clock = new ManualClock();
  const postgres = new MemoryPostgres({ clock });
  const waits: number[] = [];
  const candidate = { mayLead: true };
  const wait = () =>
    waitForOldLeases({
      ...{ store: postgres.store(), clock, ttlMs },
      ...{ onWait: (ms) => waits.push(ms), mayLead: () => candidate.mayLead },
    });
  /** In steps: what a timer settles sets the next timer. */
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 10) {
      clock.advance(10);
      await setImmediate();
    }
  };
  return { pass, postgres, waits, candidate, wait };
}

test("the first coordinator and every later one of the same timeline wait for nobody", async () => {
  const { wait, waits } = scene();
  expect(await wait()).toBe(true);
  expect(await wait()).toBe(true);
  expect(waits).toEqual([]);
});

test("after a failover a whole ttl passes before anybody may lead", async () => {
  const { wait, waits, postgres, pass } = scene();
  await wait();
  postgres.failOver();
  let led: boolean | null = null;
  const waiting = wait().then((may) => {
    led = may;
  });
  await pass(ttlMs);
  expect(led).toBe(null);
  await pass(ttlMs / 10);
  await waiting;
  expect(led).toBe(true);
  expect(waits).toEqual([1.02 * ttlMs]);
});

test("a candidate that dies in the wait leaves it to the next one", async () => {
  const { wait, waits, postgres, pass, candidate } = scene();
  await wait();
  postgres.failOver();
  const first = wait();
  candidate.mayLead = false;
  await pass(ttlMs / 2);
  expect(await first).toBe(false);
  candidate.mayLead = true;
  const second = wait();
  await pass(1.1 * ttlMs);
  expect(await second).toBe(true);
  expect(waits).toHaveLength(2);
});

test("a second failover within the wait is waited for anew", async () => {
  const { wait, postgres, pass } = scene();
  await wait();
  postgres.failOver();
  const first = wait();
  await pass(ttlMs / 2);
  postgres.failOver();
  await pass(ttlMs);
  expect(await first).toBe(false);
});
