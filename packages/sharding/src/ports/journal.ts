import type { Epoch, Incarnation, NodeRef, ShardRef } from "../core/ids.ts";
import type { DueTimer, DueTimers, TimerWrites } from "./timers.ts";

/**
 * What durable entities keep in Postgres: their events, and the answers that must be the same when asked
 * again. Written by the owners of shards, never by the coordinator.
 *
 * Each shard has a head that names the epoch and the life that may append. A new owner claims it before
 * it reads anything; an append takes effect only while the head names its writer. Both lock the head,
 * so one of them is first, and a stale owner writes nothing however late it wakes (S4).
 *
 * Contract (`testkit/contracts/journal.ts`, run against Postgres and memory):
 * - Every call is one autocommit statement. Statements of one shard run one after the other, on one
 *   connection; appends that wait for it go together, in one statement.
 * - A call rejects with {@link StoreUnavailableError} when its outcome is unknown. Whoever appended asks
 *   `findCommand` then; its answer is final, because the adapter first ends what it had sent before.
 * - What Postgres refuses for what it says (text that it cannot store) rejects with another error:
 *   that append took no effect, and its neighbours in the statement are not touched.
 * - Events, answers and states are JSON.
 */
export interface Journal {
  /**
   * Makes the heads name this life, where their epoch is lower (or names it already).
   *
   * In shard order, without waiting for heads that are locked; then, for those, the backends of the life
   * that the head names are ended if its lease is not alive, and they are claimed again.
   *
   * @returns one result per shard, in the order given.
   */
  claim(holder: NodeRef, shards: readonly HeadClaim[]): Promise<readonly ClaimResult[]>;

  /** Appends one command's events, and keeps its outcome, all or nothing. */
  append(append: Append): Promise<AppendResult>;

  /** An entity's events above `after`, oldest first, at most `limit`. */
  read(entity: StoredEntity, after: Version, limit: number): Promise<readonly StoredEvent[]>;

  /**
   * What an entity is loaded from: its snapshot, where one of this state version is kept, and its events above
   * that, oldest first, at most `limit`.
   */
  replay(entity: StoredEntity, stateVersion: number, limit: number): Promise<Replay>;

  /**
   * Keeps states, at most one per entity in a call, so that loading one folds only the events that came after.
   *
   * Left out is what comes too late: another owner has the head, a later snapshot of the same state version is
   * kept, or the event of its version was deleted (then the entity was removed since). Nothing rests on that: a
   * snapshot is the fold of committed events, whoever keeps it and when.
   */
  keep(snapshots: readonly NewSnapshot[]): Promise<void>;

  /**
   * Whether a command took effect, in events or in the outcome under its key.
   *
   * Final: nothing that this journal sent for the shard before can still take effect afterwards.
   */
  findCommand(command: CommandRef): Promise<boolean>;

  /** The outcome that an entity keeps under a key, unless it has expired. */
  findOutcome(entity: StoredEntity, key: string): Promise<Outcome | null>;

  /** The timers of these shards that are due within `withinMs`, as many as `limit`. */
  dueTimers(shards: readonly ShardRef[], withinMs: number, limit: number): Promise<DueTimers>;

  /** All timers of an entity, the first ones first. */
  timersOf(entity: StoredEntity): Promise<readonly DueTimer[]>;

  /** These shards have another home: their timers that wait for that are due now. May be said twice. */
  startTimers(shards: readonly ShardRef[]): Promise<void>;

  /** Whether the shard's head names this epoch and life now: the check of fenced reads. */
  holds(head: Head): Promise<boolean>;

  close(): Promise<void>;
}

/** How many events an entity has had; 0 before the first one. */
export type Version = number;

export interface HeadClaim extends ShardRef {
  readonly epoch: Epoch;
}

/** Who may append to a shard. */
export interface Head extends HeadClaim {
  readonly incarnation: Incarnation;
}

export type ClaimResult =
  | "claimed"
  /** The head has a higher epoch, or this one in the name of another life. */
  | "fenced"
  /** Another statement holds it and could not be ended: ask again. */
  | "busy";

export interface StoredEntity extends ShardRef {
  readonly namespace: string;
  readonly type: string;
  readonly id: string;
}

export interface CommandRef extends StoredEntity {
  /** A uuid, chosen by who runs the command. */
  readonly commandId: string;
  /** The idempotency key, or null. */
  readonly key: string | null;
}

export interface Append extends StoredEntity {
  readonly epoch: Epoch;
  readonly incarnation: Incarnation;
  /** The version that the command was decided on; its events get the next ones. */
  readonly version: Version;
  readonly commandId: string;
  /** May be empty where there is an outcome to keep. */
  readonly events: readonly unknown[];
  readonly outcome: NewOutcome | null;
  /** Its one event ends the entity: those before it, its snapshot and its timers are deleted. */
  readonly isRemoval: boolean;
  /** A removal has no changes. */
  readonly timers: TimerWrites | null;
}

export interface NewOutcome {
  readonly key: string;
  /** Of the command and its input: the same key with another body is refused. */
  readonly bodyHash: string;
  readonly answer: unknown;
  /** @unit milliseconds */
  readonly keepForMs: number;
}

export interface Outcome {
  readonly bodyHash: string;
  readonly answer: unknown;
  /** The entity's version when it was answered. */
  readonly version: Version;
}

export type AppendResult =
  | "committed"
  /** The head names another epoch or life. Nothing of this owner will ever commit again. */
  | "fenced"
  /**
   * The entity is at another version, or keeps an outcome under this key, or the timer that fired is not as it
   * was: read it again.
   */
  | "conflict";

export interface Snapshot {
  /** How many of its events the state is folded from. */
  readonly version: Version;
  readonly state: unknown;
}

export interface NewSnapshot extends Snapshot, StoredEntity {
  readonly epoch: Epoch;
  readonly incarnation: Incarnation;
  /** What shape the state has; its definition says so. */
  readonly stateVersion: number;
  /** Its events up to this version are deleted, once a snapshot above it is kept; 0 for none. */
  readonly deleteUpTo: Version;
}

export interface Replay {
  readonly snapshot: Snapshot | null;
  readonly events: readonly StoredEvent[];
}

export interface StoredEvent {
  readonly version: Version;
  readonly event: unknown;
}
