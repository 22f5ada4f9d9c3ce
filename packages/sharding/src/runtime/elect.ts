import { applyEntries, type ClusterState } from "../core/cluster.ts";
import type { NodeRef } from "../core/ids.ts";
import type { LogEntry } from "../core/log.ts";
import { watchFactor } from "../core/membership.ts";
import type { Clock } from "../ports/clock.ts";
import type { LogPosition, Standing, StateStore } from "../ports/state-store.ts";
import { pause } from "./pause.ts";

export interface ElectOptions {
  readonly self: NodeRef;
  readonly store: StateStore;
  readonly clock: Clock;
  /** @unit milliseconds */
  readonly ttlMs: number;
  /** The furthest that this node knows of the log. */
  readonly seen: () => LogPosition;
  /** The candidate's copy of the cluster's state; null where it is in doubt. */
  readonly copy: () => ClusterState | null;
  /** Called when there is something to wait for. */
  readonly onWait: (waitMs: number) => void;
  /** @returns whether the candidate still holds its right. */
  readonly mayLead: () => boolean;
}

export interface Election {
  /** The rows that the new term begins with. */
  readonly cluster: ClusterState;
  /** The term's first entry, which those rows include. */
  readonly entry: LogEntry;
}

/**
 * Raises the term, for whoever holds the coordinator's lease.
 *
 * @returns null where somebody else leads or the right is gone.
 */
export async function elect(options: ElectOptions): Promise<Election | null> {
  const { self, store, seen } = options;
  const standing = await store.standing();
  if (!(await isTimelineSafe(standing, options))) return null;
  const entry = await store.raiseTerm(self, standing.term, seen());
  // Somebody else raised it: they lead, or will notice that they hold no lock.
  if (entry === null) return null;
  return { cluster: stateByCopy(entry, standing, options) ?? (await store.load()), entry };
}

/**
 * The state that a term begins with, from the candidate's own copy, or null where that is not what the log said
 * just before: everybody waits for the next coordinator, and reading ten thousand rows is half of that.
 *
 * Not on a new timeline and not in doubt: a lost end of the log may be of the same length as what was written
 * in its place.
 */
function stateByCopy(
  entry: LogEntry,
  { history, term, timeline, acceptedTimeline }: Standing,
  { store, copy }: ElectOptions,
): ClusterState | null {
  const own = copy();
  if (own === null || !store.remembers || timeline !== acceptedTimeline) return null;
  const isCurrent = own.history === history && own.term === term && own.seq === entry.seq - 1;
  return isCurrent ? applyEntries(own, [entry]) : null;
}

/**
 * On a new timeline of the server: lets every lease of the timeline before run out.
 *
 * A standby that took over may not have heard of the last assignments. Their homes serve, by a lease that
 * the server knows nothing of, until they hear of the failover or their deadline passes. Whoever decided
 * before that, by rows that look whole, could give a second home to what they serve (S1).
 *
 * The row keeps the old timeline until the wait is over: a candidate that dies in it leaves the wait to
 * the next one.
 */
async function isTimelineSafe(
  { timeline, acceptedTimeline }: Standing,
  { store, clock, ttlMs, onWait, mayLead }: ElectOptions,
): Promise<boolean> {
  if (acceptedTimeline === timeline) return true;
  if (acceptedTimeline !== null) {
    const waitMs = ttlMs * watchFactor;
    onWait(waitMs);
    // In steps, so that a candidate that lost its right meanwhile makes room for the next one.
    const endMs = clock.monotonicMs() + waitMs;
    while (clock.monotonicMs() < endMs) {
      await pause(clock, ttlMs / 20);
      if (!mayLead()) return false;
    }
  }
  return await store.acceptTimeline(timeline);
}
