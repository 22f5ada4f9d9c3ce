import { type NodeRef, sameNode } from "../ids.ts";
import type { ShardGrant } from "../messages.ts";
import { hosted } from "./handoff.ts";
import type { Turn } from "./turn.ts";

/**
 * After a take-over each region says what it holds. The rows are the truth: a claim that agrees is a
 * no-op (or the report that was lost with the old coordinator), one that is older is told to stop.
 *
 * A claim above its row can only follow a restore of the database: that region stops, and the shard
 * starts again above both numbers, so that no epoch is granted twice (S2).
 */
export function recoverClaims(turn: Turn, from: NodeRef, claims: readonly ShardGrant[]): void {
  const stale: ShardGrant[] = [];
  for (const claim of claims) {
    const row = turn.cluster.shards.get(claim.group)?.[claim.shard];
    if (row === undefined) {
      stale.push(claim);
      continue;
    }
    const isOwner = row.state !== "unallocated" && sameNode(row.owner, from);
    if (isOwner && row.epoch === claim.epoch) {
      hosted(turn, from, claim);
      continue;
    }
    stale.push(claim);
    if (claim.epoch > row.epoch) {
      const to = row.state === "unallocated" ? from : row.owner;
      turn.assign(claim, to, "allocated", null, claim.epoch + 1);
    }
  }
  if (stale.length === 0) return;
  const { term } = turn.cluster;
  turn.send(from, { tag: "stop-shards", term, incarnation: from.incarnation, shards: stale });
}
