import { monitorEventLoopDelay } from "node:perf_hooks";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type ShardingNode, startNode } from "@leasehold/sharding";
import { untilHosted } from "../support/until-hosted.ts";
import { Worker } from "./entities.ts";

/** Short, so that a heartbeat that comes late would show. @unit milliseconds */
export const leaseTtlMs = 2_000;
const inFlight = 128;

export interface Turn {
  readonly perSecond: number;
  /** The longest time for which the main thread did nothing else. @unit milliseconds */
  readonly longestMs: number;
  /** How old its lease's renewal ever was. @unit milliseconds */
  readonly oldestMs: number;
}

export interface BenchNode {
  /** Asks from inside, for so long. */
  work(ms: number): Promise<Turn>;
  /** How often its lease was lost. */
  losses(): number;
  stop(): Promise<void>;
}

/** A node in this process, alone in a cluster of its own. */
export async function openNode(databaseUrl: string, lanes: number): Promise<BenchNode> {
  const node = await startNode({
    ...{ databaseUrl, cluster: `lanes-${lanes}`, nodeId: "node", lanes, leaseTtlMs },
    entities: new URL("./entities.ts", import.meta.url),
  });
  await untilHosted(node);
  return {
    work: (ms) => work(node, ms),
    losses: () => node.counters().leaseLosses,
    stop: () => node.stop(),
  };
}

async function work(node: ShardingNode, ms: number): Promise<Turn> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startMs = performance.now();
  let oldestMs = 0;
  const watch = setInterval(() => {
    // Before, somebody else's turn may have held up its heartbeats.
    if (performance.now() < startMs + ms / 2) return;
    oldestMs = Math.max(oldestMs, node.belief().postgres.lastOkMsAgo ?? 0);
  }, 10);
  let done = 0;
  const caller = async (index: number): Promise<void> => {
    for (let turn = index; performance.now() < startMs + ms; turn += inFlight) {
      await node.entity(Worker, `w-${turn % 1_000}`).work();
      done += 1;
      // On one thread callers and handlers would otherwise go on without end, and heartbeats never come.
      await nextTurn();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, index) => caller(index)));
  const perSecond = (done / (performance.now() - startMs)) * 1_000;
  delay.disable();
  clearInterval(watch);
  return { perSecond, longestMs: delay.max / 1e6, oldestMs };
}
