import { type NodeRef, sameNode } from "../ids.ts";
import type { ShardGrant } from "../messages.ts";
import { hosted } from "./handoff.ts";
import type { Turn } from "./turn.ts";

/**
 * After a take-over each region says what it holds. The rows are the truth: a claim that agrees is a
 * no-op (or the report that was lost with the old coordinator), one that is older is told to stop.
 */
export function recoverClaims(turn: Turn, from: NodeRef, claims: readonly ShardGrant[]): void {
  const stale = claims.filter((claim) => !recover(turn, from, claim));
  if (stale.length === 0) return;
  const { term } = turn.cluster;
  turn.send(from, { tag: "stop-shards", term, incarnation: from.incarnation, shards: stale });
}

/** @returns false where the claimant has to stop. */
function recover(turn: Turn, from: NodeRef, claim: ShardGrant): boolean {
  const row = turn.cluster.shards.get(claim.group)?.[claim.shard];
  if (row === undefined) return false;
  if (claim.epoch > row.epoch) {
    // Only after a restore of the database. The claimant serves, so it goes on, above both numbers (S2):
    // any other home would serve beside it until it had stopped (S1).
    turn.assign(claim, from, "allocated", null, claim.epoch + 1);
    return true;
  }
  if (row.state === "unallocated") return false;
  if (sameNode(row.owner, from)) {
    // Somebody serves: the cluster is running, and only its coordinator is new.
    turn.settling = false;
    // An older one is answered by the order of the row, which goes on from what is held there.
    hosted(turn, from, claim);
    return true;
  }
  // Below the row's epoch it is old; at it, only the owner can have it.
  if (claim.epoch === row.epoch) turn.unauthorized(from, "claim");
  // The source of a handoff has stopped, and keeps the only copy of the state until its target serves.
  return row.state === "starting" && row.carried !== null && sameNode(row.carried.from, from);
}
