import type { Incarnation, NodeId, NodeRef, Seq, Term } from "../core/ids.ts";

/**
 * One plain connection to Postgres that holds advisory locks, and nothing but heartbeats on it.
 *
 * The server itself drops the session, and with it the locks, one ttl after the last statement it
 * processed (`idle_session_timeout = ttl`): a frozen or unreachable holder loses its locks without
 * doing anything. The locks may also vanish early (restart, terminated backend), so a free lock is
 * never enough to take a lease: the lease row and its watched counter decide (core/membership.ts).
 *
 * Contract (`testkit/contracts/lease-session.ts`, run against Postgres and memory):
 * - `tryLock` never waits. Locks stack in Postgres: taking a held key again on the same session is
 *   a programming error and throws.
 * - Each call is one autocommit statement with a client-side timeout. After a timeout the session
 *   is destroyed: its state is unknown.
 * - `onClosed` fires once, whatever ended the session; after it every call rejects with
 *   {@link SessionLostError}.
 */
export interface LeaseSessions {
  /**
   * Opens a session and verifies that its settings took.
   *
   * @throws {StoreUnavailableError} Postgres cannot be reached.
   * @throws {StoreUnsuitableError} too old, a standby, or a pooler that does not keep sessions; the
   * message names the setting to change.
   */
  open(options: LeaseSessionOptions): Promise<LeaseSession>;
}

export interface LeaseSessionOptions {
  /** Who opens it: goes into `application_name`, which `terminate` compares. */
  readonly holder: NodeRef;
  /** The lease's ttl; the server ends the session after this much silence. @unit milliseconds */
  readonly ttlMs: number;
  /** How long one statement may take before the session counts as lost. @unit milliseconds */
  readonly timeoutMs: number;
  /** How long connecting may take. @unit milliseconds @default timeoutMs */
  readonly connectTimeoutMs?: number;
}

export interface LeaseSession {
  readonly backend: Backend;

  /** Takes the lock if it is free. @returns whether this session holds it now. */
  tryLock(key: LockName): Promise<boolean>;

  /** @returns whether it was held. */
  unlock(key: LockName): Promise<boolean>;

  /** The node's lease row, or null where the node never had one. */
  read(nodeId: NodeId): Promise<LeaseRow | null>;

  /**
   * Writes the node's lease row for a new life: `alive`, renewals 0, token + 1.
   *
   * It replaces `expected` only (compare and set on incarnation, state and renewals; null = no row):
   * when somebody else wrote in between nothing happens.
   *
   * @returns the new row, or null where the row was not as expected.
   */
  take(lease: NewLease, expected: LeaseRow | null): Promise<LeaseRow | null>;

  /**
   * The heartbeat: one statement that raises `renewals` where the incarnation matches and the state
   * is `alive`, and reads what every node watches.
   *
   * @param unreached lives that the holder cannot reach. @default none
   */
  renew(holder: NodeRef, unreached?: readonly Incarnation[]): Promise<Heartbeat>;

  /** Sets the row to `released` where the incarnation matches. @returns whether it did. */
  release(holder: NodeRef): Promise<boolean>;

  /** Ends another backend if pid, start time and application name all match. @returns whether it was there. */
  terminate(backend: Backend): Promise<boolean>;

  /** @returns an unsubscribe function. */
  onClosed(fn: (why: Error) => void): () => void;

  /** Ends the session, and with it its locks. Never rejects. */
  close(): Promise<void>;
}

/** `coordinator`, or `node:<id>`; the adapter derives the two-integer key from cluster and name. */
export type LockName = "coordinator" | `node:${NodeId}`;

/** A server-side session: enough to end exactly this one and no successor on the same pid. */
export interface Backend {
  readonly pid: number;
  /** The server's text form, microseconds included: compared for equality, never parsed. */
  readonly startedAt: string;
  readonly applicationName: string;
}

/** Where a process runs, so that a neighbour can prove it dead. */
export interface ProcessIdentity {
  readonly bootId: string;
  readonly pidNamespace: string;
  readonly pid: number;
  /** The kernel's start time of the process, in clock ticks since boot. */
  readonly startTime: string;
}

export interface NewLease extends NodeRef {
  readonly address: string;
  readonly process: ProcessIdentity | null;
}

export interface LeaseRow extends NewLease {
  readonly state: "alive" | "released" | "dead";
  /** Raised by each heartbeat. Watched, never compared with a clock of another machine. */
  readonly renewals: number;
  /** Grows with every take-over of this node's lease. */
  readonly token: number;
  readonly backend: Backend;
  /** A supervising parent waited for this process and says that it has exited. */
  readonly exited: boolean;
  /** Lives that the holder said it could not reach, with its last renewal. */
  readonly unreached: readonly Incarnation[];
}

export interface Heartbeat {
  /** False: the row no longer names this incarnation as alive. Stop serving now. */
  readonly renewed: boolean;
  /** Every lease row of the cluster, this node's included, as of this statement. */
  readonly leases: readonly LeaseRow[];
  readonly coordinator: CoordinatorRow;
  /** Whether letters wait (ports/letters.ts): for whoever leads, and for this node. */
  readonly letters: { readonly toCoordinator: boolean; readonly toNode: boolean };
  /** The server's timeline; another one than before voids every lease. */
  readonly timeline: number;
}

export interface CoordinatorRow {
  readonly term: Term;
  readonly seq: Seq;
  readonly history: string;
  readonly nodeId: NodeId | null;
  readonly incarnation: Incarnation | null;
}
