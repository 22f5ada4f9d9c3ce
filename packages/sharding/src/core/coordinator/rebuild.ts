import { type Claims, claimsOf, epochBefore, mergeClaims, noClaims, ownCopy } from "../claims.ts";
import { type Incarnation, type NodeRef, shardKey } from "../ids.ts";
import type { ToCoordinator } from "../messages.ts";
import type { Turn } from "./turn.ts";

/**
 * A take-over without a state store: the map comes from claims alone.
 *
 * Until every life that holds a lease has said what it holds, no shard is given to anybody: whoever has
 * not spoken may serve it. And not before one ttl has passed, because a life whose lease nobody has seen
 * yet serves for that long at most.
 */
export interface Rebuild {
  readonly claims: Claims;
  /** Who has spoken in this term, if only to say that it holds nothing. */
  readonly heard: ReadonlySet<Incarnation>;
}

export type ClaimMessage = Extract<ToCoordinator, { tag: "claim" }>;

export const beginRebuild: Rebuild = { claims: noClaims, heard: new Set() };

/** Claims count before their life has registered anew: with the rows its membership was forgotten, too. */
export function collectClaims(turn: Turn, from: NodeRef, message: ClaimMessage): void {
  // What was claimed to an earlier coordinator may have been released since.
  if (turn.rebuild === null || message.term !== turn.cluster.term) return;
  const { claims, heard } = turn.rebuild;
  const { nodeId, incarnation } = from;
  const said = claimsOf({ nodeId, incarnation }, message.claims);
  turn.rebuild = {
    claims: mergeClaims(claims, said),
    heard: new Set([...heard, incarnation]),
  };
}

/** Every life that holds a lease has spoken, and those that won a shard can be given it. */
export function hasHeardAll(turn: Turn, { claims, heard }: Rebuild): boolean {
  const winners = new Set([...claims.values()].map(({ by }) => by.incarnation));
  return turn.alive.every((life) => {
    const { incarnation } = life;
    return heard.has(incarnation) && (!winners.has(incarnation) || turn.isMember(life));
  });
}

/** Everybody has spoken: who claims the highest epoch goes on with what it holds, above that epoch. */
export function assignClaimed(turn: Turn, { claims }: Rebuild): void {
  for (const [group, rows] of turn.cluster.shards) {
    rows.forEach((row, shard) => {
      const claim = claims.get(shardKey({ group, shard }));
      if (row.state !== "unallocated" || claim === undefined || !turn.isMember(claim.by)) return;
      turn.assign(claim, claim.by, "allocated", ownCopy(claim.by, turn.cluster.term));
    });
  }
}

/** The lowest epoch that this term may grant: above all that were granted in a history it does not know. */
export const lowestEpoch = (turn: Turn): number =>
  turn.options.rebuildAfterMs === null ? 1 : epochBefore(turn.cluster.term) + 1;
