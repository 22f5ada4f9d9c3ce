import { type Incarnation, type NodeRef, sameNode } from "./ids.ts";
import type { Watches } from "./membership.ts";

/**
 * Whom the cluster's nodes can reach, as each says with its renewals, and what follows from it.
 *
 * Intuition: a region that renews its lease and that most of the others cannot reach serves nobody, and
 * keeps its shards for as long as it renews. Since every node says through Postgres whom it cannot reach,
 * all of them see the same picture, also those that are cut off, and come to the same conclusion.
 */

/** How long a link has to be down before it counts as down, and up before it counts as up. @unit ttl */
const settleFactor = 1;

/** One node's own view of its link to one life. */
interface Link {
  readonly isUp: boolean;
  /** Since when `isUp` is as it is, on this node's monotonic clock. */
  readonly sinceMs: number;
  /** What is said of it: a link that flaps stays what it was. */
  readonly isReached: boolean;
}

export type Links = ReadonlyMap<Incarnation, Link>;

/**
 * Takes in how the links are now.
 *
 * @param peers lives whose lease is alive, this node's not among them. Others are forgotten.
 */
export function seeLinks(
  links: Links,
  peers: readonly Incarnation[],
  connected: ReadonlySet<Incarnation>,
  nowMs: number,
  ttlMs: number,
): Links {
  return new Map(
    peers.map((peer) => {
      const isUp = connected.has(peer);
      // A life that was just met counts as reached until its link had time to come up.
      const before = links.get(peer) ?? { isUp, sinceMs: nowMs, isReached: true };
      const sinceMs = before.isUp === isUp ? before.sinceMs : nowMs;
      const isSettled = nowMs - sinceMs >= ttlMs * settleFactor;
      return [peer, { isUp, sinceMs, isReached: isSettled ? isUp : before.isReached }];
    }),
  );
}

export const unreachedIn = (links: Links): readonly Incarnation[] =>
  [...links].filter(([, link]) => !link.isReached).map(([peer]) => peer);

/** A node whose renewal counter moves, and whom it cannot reach. */
export interface Renewing extends NodeRef {
  readonly unreached: readonly Incarnation[];
}

/** A lease whose counter stood still for longer than this is not counted. @unit ttl */
const freshFactor = 0.5;

/** Of all lease rows those that count: alive, and seen to move a moment ago. */
export function renewingOf(
  leases: readonly (Renewing & { readonly state: string })[],
  watches: Watches,
  nowMs: number,
  ttlMs: number,
): readonly Renewing[] {
  return leases
    .filter((lease) => {
      const seen = watches.get(lease.nodeId);
      if (lease.state !== "alive" || seen === undefined || !sameNode(seen, lease)) return false;
      return nowMs - seen.changedAtMs <= ttlMs * freshFactor;
    })
    .map(({ nodeId, incarnation, unreached }) => ({ nodeId, incarnation, unreached }));
}

/** Who says that it cannot reach this life. */
export const missedBy = (renewing: readonly Renewing[], node: NodeRef): readonly Renewing[] =>
  renewing.filter((other) => other.unreached.includes(node.incarnation));

/**
 * Nodes that a strict majority of the renewing ones (themselves counted) cannot reach. None, where those
 * that would stay are no strict majority: then nobody is better placed than anybody else.
 */
export function evictable(renewing: readonly Renewing[]): readonly NodeRef[] {
  const isMajority = (count: number) => 2 * count > renewing.length;
  const out = renewing.filter((node) => isMajority(missedBy(renewing, node).length));
  return isMajority(renewing.length - out.length) ? out : [];
}

/**
 * Whether a strict majority of the renewing nodes (itself counted) reaches a node again. More than not
 * to be evictable: half of the cluster is enough to keep a node out, and not enough to put it out.
 */
export function isReachedAgain(renewing: readonly Renewing[], node: NodeRef): boolean {
  if (!renewing.some((other) => sameNode(other, node))) return false;
  return 2 * (renewing.length - missedBy(renewing, node).length) > renewing.length;
}

/**
 * Whether this node should leave it to another one to lead: somebody has to be evicted, and it is this
 * node, or one of those that stay reaches more nodes than this one.
 */
export function shouldYield(renewing: readonly Renewing[], self: NodeRef): boolean {
  const out = evictable(renewing);
  if (out.length === 0) return false;
  if (out.some((node) => sameNode(node, self))) return true;
  const reachOf = ({ unreached }: Renewing) =>
    renewing.filter((other) => !unreached.includes(other.incarnation)).length;
  const stay = renewing.filter((node) => !out.includes(node));
  const own = stay.find((node) => sameNode(node, self));
  return own !== undefined && stay.some((other) => reachOf(other) > reachOf(own));
}

/** Whether either says that it cannot reach the other. */
export function areApart(renewing: readonly Renewing[], a: NodeRef, b: NodeRef): boolean {
  const misses = (from: NodeRef, to: NodeRef) =>
    renewing.some((node) => sameNode(node, from) && node.unreached.includes(to.incarnation));
  return misses(a, b) || misses(b, a);
}
