import { type Epoch, type NodeRef, sameNode, shardKey, type Term } from "./ids.ts";
import type { CarriedState } from "./log.ts";
import type { ShardGrant } from "./messages.ts";

/**
 * The map of shards from nothing but what their homes say, for clusters whose coordinator has no memory
 * of its own (development).
 *
 * Epochs order by (term, n) there: a new term begins above everything that earlier ones granted, whether
 * it knows of that or not. So of two claims the higher epoch is the later one, and merging does not care
 * who spoke first, in which groups, or twice.
 */
export interface Claim extends ShardGrant {
  readonly by: NodeRef;
}

export type Claims = ReadonlyMap<string, Claim>;

export const noClaims: Claims = new Map();

/** Assignments of one shard that a term has room for. Terms up to 2^33 fit a safe integer. */
const epochsPerTerm = 2 ** 20;

/** Every epoch of this term is above it, and none of an earlier term is. */
export const epochBefore = (term: Term): Epoch => term * epochsPerTerm;

/** The order to a claimant who won: what it holds is the latest state, whatever epochs lie in between. */
export const ownCopy = (by: NodeRef, term: Term): CarriedState => ({
  ...{ handoffId: `${claimPrefix}${term}`, from: by, digest: "", size: 0 },
});

export const isOwnCopy = (carried: CarriedState, self: NodeRef): boolean =>
  carried.handoffId.startsWith(claimPrefix) && sameNode(carried.from, self);

/** Ids of handoffs begin with another letter. */
const claimPrefix = "claim-";

/** Commutative, associative and idempotent: per shard the highest epoch wins. */
export function mergeClaims(one: Claims, other: Claims): Claims {
  const merged = new Map(one);
  for (const [key, claim] of other) {
    const known = merged.get(key);
    if (known === undefined || outranks(claim, known)) merged.set(key, claim);
  }
  return merged;
}

export function claimsOf(by: NodeRef, grants: readonly ShardGrant[]): Claims {
  const claims = new Map<string, Claim>();
  for (const { group, shard, epoch } of grants) {
    const claim = { group, shard, epoch, by };
    const known = claims.get(shardKey(claim));
    if (known === undefined || outranks(claim, known)) claims.set(shardKey(claim), claim);
  }
  return claims;
}

/** One epoch is granted to one life. Should two claim it all the same, everybody still picks the same one. */
function outranks(claim: Claim, known: Claim): boolean {
  if (claim.epoch !== known.epoch) return claim.epoch > known.epoch;
  return nameOf(claim.by) > nameOf(known.by);
}

const nameOf = ({ nodeId, incarnation }: NodeRef): string => `${nodeId} ${incarnation}`;
