import type { Seq } from "@leasehold/sharding/observe";

/**
 * How much of what the page shows can be believed. Pure: events and a clock in, a state out.
 *
 *   loading ──snapshot──▶ live ◀──▶ lagging          heartbeats arrive; lag above or below 1 s
 *      │                  ▲  │
 *      │      caught up ──┘  ├──▶ catching-up       the relay is far ahead of the page
 *      │                     └──▶ stale             no heartbeat for 2 s, though the socket is open
 *      └──────── any ───────────▶ offline           the socket is closed
 */
export type ConnectionState = "loading" | "live" | "catching-up" | "lagging" | "stale" | "offline";

export interface Connection {
  readonly state: ConnectionState;
  readonly isOpen: boolean;
  readonly hasSnapshot: boolean;
  /** Local clock; null before the first. @unit milliseconds */
  readonly lastBeatMs: number | null;
  /** Local clock: when the page was last known to be current. @unit milliseconds */
  readonly lastLiveMs: number | null;
  /** The newest position that the relay has named, and the newest that the page has applied. */
  readonly seq: Seq;
  readonly appliedSeq: Seq;
  readonly lagMs: number;
  /** Smallest difference between the local and the relay's clock so far: the fastest way here. */
  readonly clockOffsetMs: number | null;
}

export type ConnectionEvent =
  | { readonly tag: "opened" }
  | { readonly tag: "closed" }
  | { readonly tag: "applied"; readonly seq: Seq }
  | {
      readonly tag: "beat";
      readonly seq: Seq;
      readonly relayNowMs: number;
      readonly relayLagMs: number;
    }
  | { readonly tag: "tick" };

/** @unit milliseconds */
export const staleAfterMs = 2000;
/** @unit milliseconds */
export const laggingAboveMs = 1000;
/** So many events behind is no longer a batch under way. */
export const catchingUpAbove = 2000;

export const initialConnection: Connection = {
  state: "loading",
  isOpen: false,
  hasSnapshot: false,
  lastBeatMs: null,
  lastLiveMs: null,
  seq: 0,
  appliedSeq: 0,
  lagMs: 0,
  clockOffsetMs: null,
};

export function stepConnection(it: Connection, event: ConnectionEvent, nowMs: number): Connection {
  return settle(note(it, event, nowMs), nowMs);
}

function note(it: Connection, event: ConnectionEvent, nowMs: number): Connection {
  switch (event.tag) {
    case "opened":
      // The silence until the first heartbeat counts from here.
      return { ...it, isOpen: true, lastBeatMs: nowMs };
    case "closed":
      // The next relay process has another clock.
      return { ...it, isOpen: false, clockOffsetMs: null };
    case "applied":
      return {
        ...it,
        hasSnapshot: true,
        appliedSeq: event.seq,
        seq: Math.max(it.seq, event.seq),
      };
    case "beat": {
      const offset = nowMs - event.relayNowMs;
      const clockOffsetMs = Math.min(it.clockOffsetMs ?? offset, offset);
      const lagMs = offset - clockOffsetMs + event.relayLagMs;
      return { ...it, lastBeatMs: nowMs, seq: event.seq, clockOffsetMs, lagMs };
    }
    case "tick":
      return it;
    default:
      return event satisfies never;
  }
}

function settle(it: Connection, nowMs: number): Connection {
  const state = stateOf(it, nowMs);
  const isCurrent = state === "live" || state === "lagging";
  return { ...it, state, lastLiveMs: isCurrent ? (it.lastBeatMs ?? nowMs) : it.lastLiveMs };
}

function stateOf(it: Connection, nowMs: number): ConnectionState {
  if (!it.isOpen) return it.hasSnapshot || it.lastBeatMs !== null ? "offline" : "loading";
  if (nowMs - (it.lastBeatMs ?? nowMs) > staleAfterMs) return "stale";
  if (!it.hasSnapshot) return "loading";
  if (it.seq - it.appliedSeq > catchingUpAbove) return "catching-up";
  return it.lagMs > laggingAboveMs ? "lagging" : "live";
}

/** Whether an operator may act on what the page shows. */
export const mayAct = (state: ConnectionState): boolean => state === "live" || state === "lagging";
