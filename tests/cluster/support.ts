import type { Call, TestCluster, TestNode } from "./harness.ts";
import { waitUntil } from "./harness.ts";

/** A node that does not lead, or the one that does. */
export async function pick(
  cluster: TestCluster,
  role: "coordinator" | "candidate",
): Promise<TestNode> {
  const { coordinator } = await cluster.cluster();
  const nodes = cluster.nodes.filter((node) => node.isRunning);
  const found = nodes.find(
    (node) => (node.nodeId === coordinator?.nodeId) === (role === "coordinator"),
  );
  if (found === undefined) throw new Error(`no ${role}`);
  return found;
}

/** Waits until none of `owner`'s former shards is its own and all are hosted. @returns milliseconds. */
export async function untilTakenOver(
  cluster: TestCluster,
  owner: string,
  via: number,
): Promise<number> {
  const startMs = performance.now();
  await waitUntil(`the shards of ${owner} are hosted elsewhere`, async () => {
    const shards = await cluster.shards(via);
    return shards.every((shard) => shard.state === "hosted" && shard.owner !== owner);
  });
  return performance.now() - startMs;
}

/** The longest time between two successful answers of one entity, over all entities. @unit milliseconds */
export function longestGapMs(
  history: readonly Call[],
  ids: (id: string) => boolean = () => true,
): number {
  const byId = Map.groupBy(history, (call) => call.id);
  let longest = 0;
  for (const [id, calls] of byId) {
    if (!ids(id)) continue;
    const ends = calls
      .filter((call) => call.outcome.tag === "ok")
      .map((call) => call.endMs)
      .sort((a, b) => a - b);
    for (let i = 1; i < ends.length; i += 1)
      longest = Math.max(longest, (ends[i] as number) - (ends[i - 1] as number));
  }
  return longest;
}

/**
 * Asks a node until it says that it serves nothing. @returns when the last question was SENT that it answered
 * with "I serve": it served at that instant or later, so this is exact in the direction that matters.
 */
export async function lastServingMs(node: TestNode): Promise<number> {
  let servedMs = Number.NEGATIVE_INFINITY;
  await waitUntil(`${node.nodeId} has stopped serving`, async () => {
    const askedMs = performance.now();
    const { shards } = await node.self();
    const serves = shards.some((shard) => shard.serving);
    if (serves) servedMs = askedMs;
    return !serves;
  });
  return servedMs;
}
