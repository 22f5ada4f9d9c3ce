import { type ClusterState, type LogEntry, sameNode } from "@leasehold/sharding/observe";
import { expect } from "vitest";
import type { TestCluster } from "../harness.ts";

/** How far a move has come, in the rows alone: still at its source, asked of it, granted to its target, or served there. */
export type Stage = "waiting" | "asked" | "granted" | "served";
const stages: readonly Stage[] = ["waiting", "asked", "granted", "served"];

type Assigned = Extract<LogEntry, { readonly type: "shard-assigned" }>;

/** One move of a plan as a crash left it, and what the log says of it from then on. */
export interface HalfDone {
  readonly index: number;
  readonly shard: number;
  readonly stage: Stage;
  readonly source: string;
  readonly target: string;
  /** When the election, or the death, was committed: all of one commit have one time. */
  readonly foundAt: string;
  readonly after: readonly LogEntry[];
}

/** Who crashed: the life, and the term under which the coordinator was before. */
export interface Crash {
  readonly planId: string;
  readonly term: number;
  readonly incarnation: string;
  readonly isCoordinator: boolean;
}

/**
 * The moves of a plan in the rows that the next decision found: before the next election where the coordinator
 * crashed, before the commit of its death where another node did.
 */
export async function movesAtCrash(
  cluster: TestCluster,
  crash: Crash,
): Promise<readonly HalfDone[]> {
  const awake = cluster.nodes.filter((node) => node.isAwake);
  await cluster.invariants.readLogs(awake);
  const { logs } = cluster.invariants;
  const end = logs.entries.findIndex((entry) =>
    crash.isCoordinator
      ? entry.type === "coordinator-elected" && entry.term > crash.term
      : entry.type === "node-dead" && entry.incarnation === crash.incarnation,
  );
  expect(end, "the crash is in the log").toBeGreaterThan(0);
  const rows = logs.replay(end);
  const plan = rows.plans.get(crash.planId);
  return (plan?.moves ?? []).map((move, index) => ({
    ...{ index, shard: move.shard, source: move.from.nodeId, target: move.to.nodeId },
    foundAt: logs.entries[end]?.at ?? "",
    stage: stageOf(rows, move.group, move.shard, move.to),
    after: logs.entries.slice(end).filter((entry) => isOf(entry, crash.planId, index, move.shard)),
  }));
}

export const furthestOf = (moves: readonly HalfDone[]): Stage | undefined =>
  stages.findLast((stage) => moves.some((move) => move.stage === stage));

/** What became of a move that was begun and not served. */
export function endOf({ after, foundAt }: HalfDone) {
  const assigned = after.find((entry): entry is Assigned => entry.type === "shard-assigned");
  const ended = after.find((entry) => entry.type === "move-state-changed");
  return {
    assigned:
      assigned === undefined
        ? null
        : { to: assigned.nodeId, cause: assigned.cause, isAtOnce: assigned.at === foundAt },
    move: ended?.type === "move-state-changed" ? ended.state : null,
  };
}

function stageOf(
  rows: ClusterState,
  group: string,
  shard: number,
  to: { readonly nodeId: string; readonly incarnation: string },
): Stage {
  const row = rows.shards.get(group)?.[shard];
  if (row === undefined || row.state === "unallocated") throw new Error(`${shard} has no home.`);
  if (row.state === "handing-off") return "asked";
  if (!sameNode(row.owner, to)) return "waiting";
  return row.state === "starting" ? "granted" : "served";
}

const isOf = (entry: LogEntry, planId: string, index: number, shard: number): boolean =>
  "shard" in entry
    ? entry.shard === shard
    : entry.type === "move-state-changed" && entry.planId === planId && entry.index === index;
