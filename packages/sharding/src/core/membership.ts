import type { Incarnation, NodeId, NodeRef } from "./ids.ts";
import type { DeathProof } from "./log.ts";

/**
 * When a lease may be taken from its holder.
 *
 * Intuition: a holder counts its deadline from before it sent a renewal; a watcher counts from after
 * it read the counter. So whoever saw the counter stand still for longer than a ttl, on a clock of
 * its own, knows that the holder's deadline has passed on the holder's clock, whatever the two clocks
 * say to each other. Factor and margin together cover clocks whose rates are up to 1 % off.
 */
export const watchFactor = 1.02;

/** Part of the ttl that a holder gives away, so that it stops before anybody may take over. */
const marginFactor = 0.1;

/**
 * The instant at which a holder stops serving, on its own monotonic clock.
 *
 * @param sentAtMs when the last successful renewal was SENT: a slow reply shortens the lease.
 */
export const leaseDeadlineMs = (sentAtMs: number, ttlMs: number): number =>
  sentAtMs + ttlMs * (1 - marginFactor);

/** The part of a lease row that membership looks at. */
export interface WatchedLease extends NodeRef {
  readonly state: "alive" | "released" | "dead";
  readonly renewals: number;
  readonly exited: boolean;
}

/** One node's counter as this node has seen it. */
export interface Watch extends WatchedLease {
  /** When this incarnation and counter were first read, on this node's monotonic clock. */
  readonly changedAtMs: number;
}

export type Watches = ReadonlyMap<NodeId, Watch>;

/**
 * Takes in what a heartbeat read.
 *
 * @param receivedAtMs when the answer ARRIVED: counting from the send would end a lease too early.
 */
export function watch(
  watches: Watches,
  leases: readonly WatchedLease[],
  receivedAtMs: number,
): Watches {
  const next = new Map<NodeId, Watch>();
  for (const lease of leases) {
    const before = watches.get(lease.nodeId);
    const moved =
      before === undefined ||
      before.incarnation !== lease.incarnation ||
      before.renewals !== lease.renewals;
    const changedAtMs = moved ? receivedAtMs : before.changedAtMs;
    const { nodeId, incarnation, state, renewals, exited } = lease;
    next.set(nodeId, { nodeId, incarnation, state, renewals, exited, changedAtMs });
  }
  return next;
}

/** What this node can find out about a life beyond the lease rows. */
export interface Evidence {
  /** Its process is proven gone from this host. */
  isGone(incarnation: Incarnation): boolean;
  /** Its address refused a connection, and the operator trusts that. */
  isRefused(incarnation: Incarnation): boolean;
}

/** Why the lease of exactly this incarnation has ended, or null while it may live. */
export function endOf(
  watches: Watches,
  node: NodeRef,
  nowMs: number,
  ttlMs: number,
  evidence: Evidence,
): DeathProof | null {
  const seen = watches.get(node.nodeId);
  if (seen === undefined) return null;
  if (seen.incarnation !== node.incarnation) return "superseded";
  if (seen.state !== "alive") return "released";
  if (seen.exited) return "waiter";
  if (evidence.isGone(node.incarnation)) return "host";
  if (evidence.isRefused(node.incarnation)) return "refused";
  return nowMs - seen.changedAtMs > ttlMs * watchFactor ? "watched" : null;
}

/**
 * When the next of these leases has been watched long enough, should nobody renew it; null where none is.
 *
 * @param nowMs those that are due already are not named again.
 */
export function nextEndMs(watches: Iterable<Watch>, nowMs: number, ttlMs: number): number | null {
  let nextMs: number | null = null;
  for (const { state, changedAtMs } of watches) {
    const endMs = changedAtMs + ttlMs * watchFactor;
    if (state === "alive" && endMs >= nowMs && (nextMs === null || endMs < nextMs)) nextMs = endMs;
  }
  return nextMs;
}
