import { ShardingError, type ShardingNode } from "@leasehold/sharding";

export interface AnswerTimes {
  /** When the first of the shards answered from its new home, since the fault. @unit milliseconds */
  readonly firstMs: number;
  /** When each of them had. @unit milliseconds */
  readonly allMs: number;
}

/**
 * Asks one entity of each shard that a node had, all at once, until each has answered from another life.
 * A question waits in the sender until its shard has a new home, so that nothing is asked in a loop.
 *
 * @param faultMs when the node was killed or stopped.
 * @param former the life that may answer no more.
 */
export async function untilAllAnswer(
  witness: ShardingNode,
  ids: readonly string[],
  former: string,
  faultMs: number,
): Promise<AnswerTimes> {
  const times = await Promise.all(ids.map((id) => answeredMs(witness, id, former)));
  return { firstMs: Math.min(...times) - faultMs, allMs: Math.max(...times) - faultMs };
}

const givesUpAfterMs = 60_000;

async function answeredMs(witness: ShardingNode, id: string, former: string): Promise<number> {
  const endMs = performance.now() + givesUpAfterMs;
  for (;;) {
    const deadlineMs = endMs - performance.now();
    if (deadlineMs < 1) throw new Error(`${id} did not answer within ${givesUpAfterMs} ms.`);
    try {
      const { servedBy } = await witness.ask({
        ...{ type: "counter", id, command: "get", input: undefined, deadlineMs },
      });
      if (servedBy.incarnation !== former) return performance.now();
    } catch (error) {
      // The old home died with the question: `get` changes nothing, so it may be asked again.
      if (!(error instanceof ShardingError) || error.executed === "yes") throw error;
    }
  }
}
