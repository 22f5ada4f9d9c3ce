import type { Epoch, Incarnation, NodeId, Seq, ShardRef, Term } from "./ids.ts";

/**
 * What a node thinks is true about itself. It travels on the observation plane only, never through
 * Postgres: it would vanish exactly when a node is cut off from Postgres.
 */
export interface Belief {
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation;
  readonly pid: number;
  /** Whether it believes to lead, with a term and a lease that still holds. */
  readonly role: "coordinator" | "candidate" | "proxy";
  readonly term: Term;
  /** How far its copy of the log has come: what it routes by. */
  readonly seq: Seq;
  readonly lease: {
    readonly state: LeaseState;
    /** By its own clock; 0 when lost. @unit milliseconds */
    readonly leftMs: number;
  };
  readonly postgres: {
    readonly reachable: boolean;
    /** Since the last answer from Postgres; null before the first. @unit milliseconds */
    readonly lastOkMsAgo: number | null;
  };
  readonly peers: readonly {
    readonly nodeId: NodeId;
    readonly incarnation: Incarnation;
    readonly connected: boolean;
  }[];
  readonly faults: readonly ActiveFault[];
  readonly load: NodeLoad;
  /** Where the node's helper process heals a pause or a freeze; null without faults. */
  readonly healUrl: string | null;
}

export type LeaseState = "held" | "reconnecting" | "lost";

/** How late a renewal may be on a machine that is merely busy. @unit milliseconds */
const lateMs = 400;

/**
 * Whether a lease that its holder counts should have been renewed by now: each ttl/6 one is due, and leaves the ttl less
 * its margin of a tenth. Less than half of a ttl left is too little however short the ttl is.
 *
 * @param leftMs by the holder's own clock.
 */
export const isRenewalLate = (leftMs: number, ttlMs: number): boolean =>
  leftMs < Math.max(ttlMs / 2, ttlMs - ttlMs / 10 - ttlMs / 6 - lateMs);

/** Over the last second. */
export interface NodeLoad {
  readonly requestsPerSecond: number;
  readonly failedPerSecond: number;
  /** Time from a request's arrival to its reply at the home. @unit milliseconds */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Resident entities. */
  readonly entities: number;
}

/**
 * One shard as the node sees it. A shard that it neither serves nor holds is not listed.
 * `phase`: starting (waits for carried state), serving, copying (a handoff has begun: it serves on while its state is
 * sent ahead), draining (what runs ends, then what is left of the state is captured), sending (the state goes to the target), frozen (released, the copy is kept until the target
 * serves).
 */
export interface ShardBelief extends ShardRef {
  readonly epoch: Epoch;
  readonly serving: boolean;
  readonly phase: "starting" | "serving" | "copying" | "draining" | "sending" | "frozen";
  /** While it is copied or sent: its state, and how much of it the target has restored. @unit bytes */
  readonly carried?: { readonly size: number; readonly moved: number } | undefined;
}

/**
 * What a shard asks of the node that serves it, averaged over about five seconds, the latest counting most. Observed
 * only: what is balanced by load is measured and said apart from this.
 */
export interface ShardHeat extends ShardRef {
  readonly requestsPerSecond: number;
  /** How long its handlers keep their thread; null in a group that is not balanced by load. @unit milliseconds per second */
  readonly busyMs: number | null;
}

export interface ActiveFault {
  readonly id: string;
  readonly kind: string;
  /** The request's own fields: peer, direction, delayMs ... */
  readonly detail: Readonly<Record<string, string | number>>;
  readonly expiresInMs: number;
}

/**
 * The frames of the observation plane (socket.io namespace `/`), node to console. A client that says `log: false` in its
 * `auth` gets neither `snapshot` nor `log`: it follows other nodes, too, and has the log from them. A node that is older
 * than this sends it all the same.
 */
export interface ObservationFrames {
  /** First, on every connection. */
  hello: {
    readonly protocol: 1;
    readonly cluster: string;
    readonly nodeId: NodeId;
    readonly incarnation: Incarnation;
    readonly address: string;
    readonly healUrl: string | null;
    readonly faultsOn: boolean;
    readonly leaseTtlMs: number;
  };
  /** The node's copy of the authority: when the client's `auth: {history, seq}` cannot be continued. */
  snapshot: { readonly cluster: unknown; readonly authorityAgeMs: number };
  /** Contiguous entries after what the client has. */
  log: {
    readonly history: string;
    readonly entries: readonly unknown[];
    readonly authorityAgeMs: number;
  };
  /** The belief whole, once after hello. */
  belief: { readonly belief: Belief; readonly shards: readonly ShardBelief[] };
  /** What changed since the last belief frame; at least once a second, even when nothing did. */
  "belief-delta": {
    readonly belief: Belief;
    readonly changed: readonly ShardBelief[];
    readonly gone: readonly ShardRef[];
    /** The hottest shards that it serves, at most 16, once a second; absent: as before. */
    readonly hot?: readonly ShardHeat[];
    readonly authorityAgeMs: number;
  };
}
