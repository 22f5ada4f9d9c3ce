import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { NodeRef } from "../../core/ids.ts";
import type { AppendResult, Journal } from "../../ports/journal.ts";
import { type Freezer, freezer } from "./fixtures/freezer.ts";
import { type TestCluster, testClusters } from "./fixtures/test-cluster.ts";

const frozen: NodeRef = { nodeId: "node-a", incarnation: randomUUID() };
const next: NodeRef = { nodeId: "node-b", incarnation: randomUUID() };
const shard = { group: "default", shard: 0 };
const entity = { ...shard, namespace: "default", type: "register", id: "x" };
const rounds = 200;
/** At every second byte of an append, which has some 380 with this: the last few freezes come after its end. */
const padding = "x".repeat(150);
const places = Array.from({ length: rounds }, (_, round) => 2 * round);

const createCluster = testClusters();
let cluster: TestCluster;
let ice: Freezer;

beforeEach(async () => {
  cluster = await createCluster();
  ice = freezer();
});

afterEach(() => cluster.close());

const append = (
  journal: Journal,
  { nodeId, incarnation }: NodeRef,
  epoch: number,
  version: number,
): Promise<AppendResult> =>
  journal.append({
    ...{ ...entity, epoch, incarnation, version, commandId: randomUUID() },
    ...{ events: [`by ${nodeId} ${padding}`], outcome: null, isRemoval: false, timers: null },
  });

it(`an owner that froze in the middle of an append writes nothing after it was replaced (${rounds} times, S4)`, async () => {
  const zombie = cluster.stores({ stream: ice.stream, timeoutMs: 20_000 }).journal;
  const successor = cluster.stores().journal;
  const ends: string[] = [];
  for (const [round, place] of places.entries()) {
    const epoch = 2 * round + 1;
    const events = () => successor.read(entity, 0, 10_000);
    const before = await events();
    expect(await zombie.claim(frozen, [{ ...shard, epoch }])).toEqual(["claimed"]);
    // Its connection is there, so that the freeze meets the append and not a greeting.
    expect(await append(zombie, frozen, epoch, before.length)).toBe("committed");
    ice.freezeAfter(place);
    // Where the successor finds it at work, its backend is ended: then it does not know what became of it.
    const late = append(zombie, frozen, epoch, before.length + 1).catch(({ code }) => code);
    expect(await successor.claim(next, [{ ...shard, epoch: epoch + 1 }])).toEqual(["claimed"]);
    const found = await events();
    ice.thaw();
    const end = await late;
    expect(await events(), `frozen after ${place} bytes: ${end}`).toEqual(found);
    expect(["fenced", "committed", "STORE_UNAVAILABLE"]).toContain(end);
    if (end === "fenced") expect(found.length - before.length).toBe(1);
    if (end === "committed") expect(found.length - before.length).toBe(2);
    ends.push(end);
    expect(await append(successor, next, epoch + 1, found.length)).toBe("committed");
  }
  expect(ends.filter((end) => end === "fenced").length).toBeGreaterThan(0.8 * rounds);
  // Executed, and not yet told to commit: the only place where it holds the head.
  expect(ends).toContain("STORE_UNAVAILABLE");
}, 60_000);
