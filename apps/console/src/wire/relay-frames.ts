import type {
  Belief,
  LogEntry,
  NodeId,
  Seq,
  ShardBelief,
  ShardHeat,
  ShardRef,
} from "@leasehold/sharding/observe";
import type { ActionName } from "./action-words.ts";
import type { CompactWhole } from "./compact.ts";
import type { LabFrame } from "./lab.ts";
import type { Role } from "./roles.ts";

/** Where browsers find the relay, on the console's own port. */
export const relayPath = "/relay";

/** A page and a console's server of different versions do not guess what the other one means. */
export const relayProtocol = 2;

/** What the relay sends to browsers. Wire types: the views have their own. */
export interface RelayFrames {
  /** Once, first. */
  meta: RelayMeta;
  /** When the browser's `auth: {history, seq}` cannot be continued. */
  snapshot: SnapshotFrame;
  /** Earlier entries, for people to read: they change no state. */
  past: PastFrame;
  /** Contiguous after what the browser has; at most 20 a second. */
  log: LogFrame;
  /** What nodes said about themselves since the last frame. */
  beliefs: BeliefsFrame;
  /** Every second, whatever happens. */
  hb: Heartbeat;
  /** The lab's run, while one goes on. */
  lab: LabFrame;
  /** Who the browser is signed in as: first, and when it connects again. */
  you: YouFrame;
  /** What somebody did just now; at first what was done lately, oldest first. */
  acted: readonly ActedFrame[];
  /** The last frame: the browser is not let in any more. */
  ended: EndedFrame;
}

export interface YouFrame {
  readonly name: string;
  readonly role: Role;
  /** Nobody has to sign in here: whoever is on this machine is an admin. */
  readonly isOpen: boolean;
  /** Null where it does not end. @unit milliseconds */
  readonly expiresInMs: number | null;
}

export interface ActedFrame extends ActionName {
  /** The key of the action. */
  readonly action: string;
  readonly actor: string;
  readonly result: "done" | "failed";
  /** @unit milliseconds */
  readonly ageMs: number;
}

export interface EndedFrame {
  readonly reason: "expired" | "signed-out";
}

export interface RelayMeta {
  /** {@link relayProtocol} of the server. */
  readonly protocol: number;
  readonly environment: string;
  readonly cluster: string;
  readonly leaseTtlMs: number;
  /** Some node was started with faults on. */
  readonly faultsOn: boolean;
  /** The sample load can be steered. */
  readonly hasLoad: boolean;
  /** Null: this console has no database, and what it remembers ends with it. */
  readonly keeps: Keeps | null;
}

/** How long what is kept, as this console was told. */
export interface Keeps {
  /** Of the recording; the older goes first where it is more than `historyMegabytes`. */
  readonly historyHours: number;
  readonly historyMegabytes: number;
  readonly auditDays: number;
}

/** Everything at one instant (`snapshot.ts` writes and reads it); earlier entries of the log follow as `past`. */
export interface SnapshotFrame extends CompactWhole {
  /** Shards that changed so shortly before that what nodes said last may be older: by group, their numbers. */
  readonly changed: readonly (readonly [string, readonly number[]])[];
  /** The last entries of the log before the snapshot, oldest first. */
  readonly recent: readonly LogEntry[];
}

export interface PastFrame {
  readonly history: string;
  readonly entries: readonly LogEntry[];
}

export interface LogFrame {
  readonly history: string;
  readonly entries: readonly LogEntry[];
}

export interface BeliefsFrame {
  readonly nodes: readonly NodeObservation[];
}

export interface NodeObservation {
  readonly nodeId: NodeId;
  readonly faultsOn: boolean;
  readonly leaseTtlMs: number;
  readonly belief: Omit<Belief, "peers">;
  /** Null: as before. A hundred nodes with a hundred peers each would be most of the traffic. */
  readonly peers: Belief["peers"] | null;
  /** Since the relay received it. @unit milliseconds */
  readonly ageMs: number;
  /** `changed` is everything that the node believes; forget the rest. */
  readonly whole: boolean;
  readonly changed: readonly ShardBelief[];
  readonly gone: readonly ShardRef[];
  /** The hottest shards that it serves; absent: as before, or never said. */
  readonly hot?: readonly ShardHeat[];
}

export interface Heartbeat {
  readonly history: string | null;
  readonly seq: Seq;
  /** The relay's clock; only differences of it mean anything. @unit milliseconds */
  readonly nowMs: number;
  /** How long the oldest unsent change has waited in the relay. @unit milliseconds */
  readonly lagMs: number;
  /** Since the relay last knew its copy of the authority to be current; null before the first. @unit milliseconds */
  readonly authorityAgeMs: number | null;
  readonly postgres: PostgresLink;
  readonly nodes: readonly NodeLink[];
}

/** The console's own line to Postgres. `off`: it was given no database url. */
export interface PostgresLink {
  readonly state: "up" | "down" | "off";
  /** Since the state began. @unit milliseconds */
  readonly forMs: number;
}

export interface NodeLink {
  readonly address: string;
  /** Null until the node has said who it is. */
  readonly nodeId: NodeId | null;
  /** `refused`: it answers, and cannot or must not be followed. */
  readonly state: "connecting" | "connected" | "refused";
  /** What is in the way; null where nothing is. */
  readonly why: string | null;
  readonly forMs: number;
}

/** What a browser sends when it connects. */
export interface RelayAuth {
  readonly history: string | null;
  readonly seq: Seq;
}
