import { watchFactor } from "../core/membership.ts";
import type { Clock } from "../ports/clock.ts";
import type { StateStore } from "../ports/state-store.ts";
import { pause } from "./pause.ts";

export interface NewTimelineOptions {
  readonly store: StateStore;
  readonly clock: Clock;
  /** @unit milliseconds */
  readonly ttlMs: number;
  /** Called when there is something to wait for. */
  readonly onWait: (waitMs: number) => void;
  /** @returns whether the candidate still holds its right. */
  readonly mayLead: () => boolean;
}

/**
 * Lets every lease of the timeline before run out.
 *
 * A standby that took over may not have heard of the last assignments. Their homes serve, by a lease that
 * the server knows nothing of, until they hear of the failover or their deadline passes. Whoever decided
 * before that, by rows that look whole, could give a second home to what they serve (S1).
 *
 * The row keeps the old timeline until the wait is over: a candidate that dies in it leaves the wait to
 * the next one.
 *
 * @returns whether the candidate may raise the term.
 */
export async function waitForOldLeases(options: NewTimelineOptions): Promise<boolean> {
  const { store, clock, ttlMs, onWait, mayLead } = options;
  const { current, accepted } = await store.timelines();
  if (accepted === current) return true;
  if (accepted !== null) {
    const waitMs = ttlMs * watchFactor;
    onWait(waitMs);
    // In steps, so that a candidate that lost its right meanwhile makes room for the next one.
    const endMs = clock.monotonicMs() + waitMs;
    while (clock.monotonicMs() < endMs) {
      await pause(clock, ttlMs / 20);
      if (!mayLead()) return false;
    }
  }
  return await store.acceptTimeline(current);
}
