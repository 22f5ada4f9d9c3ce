import type {
  Belief,
  ClusterJson,
  LogEntry,
  NodeId,
  ShardHeat,
  ShardRef,
} from "@leasehold/sharding/observe";
import type { DivergenceClass } from "../live/classify.ts";
import type { InvariantCounts } from "../live/invariants.ts";
import type { CompactWhole } from "./compact.ts";
import type { NodeObservation } from "./relay-frames.ts";

/**
 * A position of the tape: what names a moment. It grows with everything that the recording console heard; each stretch
 * of recording begins at the recorder's clock in milliseconds, so that a tape that was thrown away is never mistaken
 * for the one that a link was made from.
 */
export type Pos = number;

/** What the recording console heard, and when by its own clock. */
export type TapeEntry = TapeEvent & {
  readonly pos: Pos;
  /** Of receipt; never earlier than the entry before. @unit milliseconds since 1970 */
  readonly atMs: number;
};

export type TapeEvent =
  /** The authority went on by one entry. */
  | { readonly tag: "log"; readonly entry: LogEntry }
  /** The authority is another one, or too far ahead for its entries to be had. */
  | { readonly tag: "authority"; readonly cluster: ClusterJson }
  /** A node says something new about itself. */
  | { readonly tag: "belief"; readonly node: NodeObservation }
  /** Nodes said what they had said before, but for the figures. */
  | { readonly tag: "heard"; readonly nodes: readonly HeardNode[] }
  /** Time passed, and a keyframe follows: whatever was still undecided is judged now, here and in every replay. */
  | { readonly tag: "tick" }
  /** Nothing was recorded before this, since `sinceMs` or ever. */
  | { readonly tag: "gap"; readonly sinceMs: number | null };

/** The part of a belief that changes all the time and means little. */
export interface HeardNode extends Pick<Belief, "seq" | "load"> {
  readonly nodeId: NodeId;
  /** Before the entry's own time. @unit milliseconds */
  readonly ageMs: number;
  /** @unit milliseconds */
  readonly leaseLeftMs: number;
  /** @unit milliseconds */
  readonly postgresOkMsAgo: number | null;
  /** Its few hottest shards, every {@link heatEveryMs}. */
  readonly hot?: readonly ShardHeat[];
}

/** Nodes name their hottest shards every second, and a tape of that would be mostly that. @unit milliseconds */
export const heatEveryMs = 10_000;

/** The whole observation after entry `pos`: a replay begins here. */
export interface Keyframe {
  readonly pos: Pos;
  readonly atMs: number;
  readonly cluster: ClusterJson;
  /** The end of the log before it, oldest first. */
  readonly recent: readonly LogEntry[];
  /** Whole, each with its age at that moment. */
  readonly nodes: readonly NodeObservation[];
  /** Shards whose home changed so shortly before that it still matters. */
  readonly changed: readonly (ShardRef & { readonly ageMs: number })[];
  /** Since when belief and authority differ, where they do. */
  readonly since: readonly (ShardRef & {
    readonly nodeId: NodeId | null;
    readonly class: DivergenceClass;
    readonly ageMs: number;
  })[];
  readonly invariants: InvariantCounts;
}

/** A {@link Keyframe} as it is kept and sent. */
export type CompactKeyframe = Omit<Keyframe, "cluster" | "nodes"> & CompactWhole;

/** A stretch of the tape that can be replayed: a keyframe and what follows it, up to the next one. */
export interface Reel {
  readonly keyframe: Keyframe;
  readonly entries: readonly TapeEntry[];
  /** The keyframe of the next reel; null for the newest one, which grows. */
  readonly nextPos: Pos | null;
}

/** A {@link Reel} as it is sent. */
export interface SentReel extends Omit<Reel, "keyframe"> {
  readonly keyframe: CompactKeyframe;
}

/** What one segment of the tape had, at most, for the bar. */
export interface TapeStats {
  readonly events: number;
  readonly faults: number;
  /** That stand; not what is only under way. */
  readonly divergent: number;
  readonly danger: number;
  readonly classes: Readonly<Partial<Record<DivergenceClass, number>>>;
}

export type MarkKind = "fault" | "healed" | "divergence" | "violation" | "death" | "gap";

/** A moment worth a jump. */
export interface TapeMark {
  readonly pos: Pos;
  readonly atMs: number;
  readonly kind: MarkKind;
  readonly subject: string;
  readonly words: string;
}

/**
 * - `recording`: this console writes the tape.
 * - `following`: another console does.
 * - `memory`: it is kept in this process only, and ends with it (`why`).
 */
export interface TapeState {
  readonly state: "recording" | "following" | "memory";
  readonly why: string | null;
  readonly first: { readonly pos: Pos; readonly atMs: number } | null;
  readonly last: { readonly pos: Pos; readonly atMs: number } | null;
}

export interface TapeBucket extends TapeStats {
  readonly fromMs: number;
  /** Nobody recorded for all of it. */
  readonly isGap: boolean;
}

/** Counts over a stretch of time, in equal buckets, oldest first. */
export interface TapeBar {
  readonly fromMs: number;
  readonly toMs: number;
  readonly buckets: readonly TapeBucket[];
  readonly marks: readonly TapeMark[];
  /** Postgres could not be asked: older parts are missing, and stand as gaps. */
  readonly isPartial: boolean;
}
