import type { E2eCluster } from "./e2e-cluster.ts";
import { nodeIds } from "./e2e-cluster.ts";
import { moveShard } from "./plan.ts";
import { settle } from "./settle.ts";

/** Moves in a row, before a node is emptied and taken back. */
const movesARound = 6;

export interface Went {
  readonly rounds: number;
  /** What went wrong in a round: the next one begins with a cluster that is put right. */
  readonly mishaps: readonly string[];
}

/** Moves shards and rolls through the nodes, without a pause, for so long. */
export async function keepGoing(cluster: E2eCluster, forMs: number): Promise<Went> {
  const untilMs = Date.now() + forMs;
  const mishaps: string[] = [];
  let rounds = 0;
  for (; Date.now() < untilMs; rounds++) {
    try {
      for (let move = 0; move < movesARound; move++) {
        await moveShard(cluster, (rounds * movesARound + move) % 64);
      }
      await cluster.empty((rounds % nodeIds.length) + 1);
    } catch (error) {
      mishaps.push(`round ${rounds}: ${String(error)}`);
      process.stdout.write(`${mishaps.at(-1)}\n`);
    }
    await settle(cluster);
  }
  return { rounds, mishaps };
}
