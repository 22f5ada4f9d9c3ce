import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { ManualClock } from "../adapters/memory/manual-clock.ts";
import { MemoryPostgres } from "../adapters/memory/memory-postgres.ts";
import { NodeLease } from "./node-lease.ts";

const ttlMs = 1_000;

/** A node whose first answer of Postgres, that to its connection, takes a while. */
async function startWithin(firstAnswerMs: number): Promise<NodeLease> {
  const clock = new ManualClock();
  const postgres = new MemoryPostgres({ clock });
  let answers = 0;
  const link = {
    pass: (direction: "out" | "in", deliver: () => void) => {
      if (direction === "in" && answers++ === 0) clock.after(firstAnswerMs, deliver);
      else deliver();
    },
  };
  const nothing = () => undefined;
  const lease = new NodeLease(
    {
      ...{ nodeId: "node-1", address: "", ttlMs, clock, log: nothing },
      sessions: postgres.sessions({ link, clock }),
      processes: { self: () => null, observe: nothing, isGone: () => false },
      unreached: () => [],
    },
    { held: nothing, lost: nothing, heartbeat: nothing, sessionLost: nothing },
  );
  const starting = lease.start();
  // Looked at where it is awaited.
  starting.catch(nothing);
  for (let passedMs = 0; passedMs <= firstAnswerMs; passedMs += 100) {
    await setImmediate();
    clock.advance(100);
  }
  await starting;
  return lease;
}

test("a node that starts waits for its connection longer than for a heartbeat", async () => {
  const lease = await startWithin(0.8 * ttlMs);
  expect(lease.state).toBe("held");
  await lease.release();
});

test("but not for ever", async () => {
  await expect(startWithin(20 * ttlMs)).rejects.toThrow("Postgres did not answer within 5000 ms.");
});
