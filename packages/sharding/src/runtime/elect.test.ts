import { setImmediate } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { ManualClock } from "../adapters/memory/manual-clock.ts";
import { MemoryPostgres } from "../adapters/memory/memory-postgres.ts";
import type { ClusterState } from "../core/cluster.ts";
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
  const copied: { copy: ClusterState | null } = { copy: null };
  const loads = vi.spyOn(store, "load");
  /** @returns the term that it raised, or null. */
  const elected = async (): Promise<number | null> => {
    const election = await elect({
      ...{ self, store, clock, ttlMs, seen, copy: () => copied.copy },
      ...{ onWait: (ms) => waits.push(ms), mayLead: () => candidate.mayLead },
    });
    if (election !== null) expect(election.cluster).toEqual(await postgres.store().load());
    return election?.cluster.term ?? null;
  };
  /** In steps: what a timer settles sets the next timer. */
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 10) {
      clock.advance(10);
      await setImmediate();
    }
  };
  return { pass, postgres, waits, candidate, elected, copied, loads };
}

test("the first coordinator and every later one of the same timeline wait for nobody", async () => {
  const { elected, waits } = scene();
  expect(await elected()).toBe(1);
  expect(await elected()).toBe(2);
  expect(waits).toEqual([]);
});

test("a candidate whose copy is what the log said last reads no rows", async () => {
  const { elected, postgres, copied, loads } = scene();
  await elected();
  copied.copy = postgres.tables.state();
  loads.mockClear();
  expect(await elected()).toBe(2);
  expect(loads).not.toHaveBeenCalled();
});

test.each<[string, (current: ClusterState) => ClusterState | null]>([
  ["is in doubt", () => null],
  ["is of another history", (current) => ({ ...current, history: "another" })],
  ["has not seen the last entry", (current) => ({ ...current, seq: current.seq - 1 })],
  ["has seen more than there is", (current) => ({ ...current, seq: current.seq + 1 })],
  ["has seen as much of another term", (current) => ({ ...current, term: current.term - 1 })],
])("a candidate whose copy %s reads the rows", async (_, change) => {
  const { elected, postgres, copied, loads } = scene();
  await elected();
  copied.copy = change(postgres.tables.state());
  loads.mockClear();
  expect(await elected()).toBe(2);
  expect(loads).toHaveBeenCalledOnce();
});

test("after a failover the rows are read, whatever the copy says", async () => {
  const { elected, postgres, copied, loads, pass } = scene();
  await elected();
  postgres.failOver();
  copied.copy = postgres.tables.state();
  loads.mockClear();
  const waiting = elected();
  await pass(1.1 * ttlMs);
  expect(await waiting).toBe(2);
  expect(loads).toHaveBeenCalledOnce();
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
