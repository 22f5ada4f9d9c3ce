import type { NodeRow } from "../cluster.ts";
import { type NodeRef, sameNode } from "../ids.ts";
import type { Stopped } from "../messages.ts";
import { evictable, isReachedAgain, missedBy } from "../reach.ts";
import { cleanText } from "../text.ts";
import { abortHandoff } from "./handoff.ts";
import { leaveNode, rehome } from "./nodes.ts";
import type { Turn } from "./turn.ts";

/**
 * Nodes that renew and that most of the others cannot reach.
 *
 * Never by force: the log tells such a node to stop, and each of its shards stays its own until it says
 * that it does not serve it, through Postgres if need be, or until its lease has ended. It takes part
 * again, as the same life, once it owns nothing and a majority reaches it.
 */
export function evictAndRestore(turn: Turn): void {
  const out = evictable(turn.renewing);
  for (const node of turn.cluster.nodes.values()) {
    const isOut = out.some((found) => sameNode(found, node));
    if (node.state === "up" || node.state === "draining") {
      if (isOut) evict(turn, node);
    } else if (node.state === "evicted" && isReachedAgain(turn.renewing, node)) {
      if (!ownsAny(turn, node)) restore(turn, node);
    }
  }
}

function evict(turn: Turn, node: NodeRow): void {
  const { nodeId, incarnation } = node;
  const unreachedBy = missedBy(turn.renewing, node).map((other) => other.nodeId);
  turn.emit({ type: "node-evicted", nodeId, incarnation, unreachedBy });
  for (const [group, rows] of turn.cluster.shards) {
    rows.forEach((row, shard) => {
      if (row.state === "handing-off" && sameNode(row.handoff.to, node)) {
        abortHandoff(turn, { group, shard }, `its target ${nodeId} is evicted`);
      }
    });
  }
}

function restore(turn: Turn, { nodeId, incarnation }: NodeRow): void {
  turn.emit({ type: "node-restored", nodeId, incarnation });
  turn.rebalanceDue = true;
  turn.allocationDue = true;
}

/**
 * A node does not serve these, and never will under these epochs: it has seen each of them granted, and obeys
 * only higher ones. So this word does not age, and counts also from one that takes part again: it may have read
 * of its eviction after it had opened what it was given since.
 */
export function stopped(turn: Turn, from: NodeRef, grants: readonly Stopped[]): void {
  const node = turn.member(from);
  const { lost = [], givenUp = [] } = Object.groupBy(
    grants.filter((grant) => isLost(turn, from, node, grant)),
    ({ why }) => (why === undefined ? "lost" : "givenUp"),
  );
  rehome(turn, lost, "eviction");
  for (const { group, shard, epoch, why = "" } of givenUp) {
    turn.emit({ type: "shard-vacated", group, shard, epoch, why: cleanText(why) });
  }
  rehome(turn, givenUp, "given-up", from.nodeId);
}

function isLost(turn: Turn, from: NodeRef, node: NodeRow | null, grant: Stopped): boolean {
  const row = turn.cluster.shards.get(grant.group)?.[grant.shard];
  if (row === undefined || row.state === "unallocated") return false;
  if (row.epoch !== grant.epoch) return false;
  if (!sameNode(row.owner, from)) {
    turn.unauthorized(from, "shards-stopped");
    return false;
  }
  const { group, shard, why } = grant;
  const cause = why === undefined ? "eviction" : "given-up";
  return node !== null && leaveNode(turn, { group, shard }, row, node, cause);
}

function ownsAny(turn: Turn, node: NodeRef): boolean {
  for (const rows of turn.cluster.shards.values()) {
    if (rows.some((row) => row.state !== "unallocated" && sameNode(row.owner, node))) return true;
  }
  return false;
}
