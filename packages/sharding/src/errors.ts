/**
 * Every failure a caller may meet, as a closed set. `code` is wire format (HTTP problems, mesh
 * replies); `executed` says whether the command ran; `retryable` whether the same call may succeed
 * later without a change by the caller.
 */
export type Executed = "no" | "yes" | "unknown";

export abstract class ShardingError extends Error {
  abstract readonly code: string;
  abstract readonly retryable: boolean;
  abstract readonly executed: Executed;
}

const define = (code: string, retryable: boolean, executed: Executed) =>
  class extends ShardingError {
    override readonly name: string = code;
    readonly code: string = code;
    readonly retryable: boolean = retryable;
    readonly executed: Executed = executed;
  };

/** Postgres cannot be asked, or did not answer in time. */
export class StoreUnavailableError extends define("STORE_UNAVAILABLE", true, "unknown") {
  /** The lease's own connection failed, which may lead to another address. @default false */
  ofLease = false;
}
/** Postgres is there, but not one that this cluster can use: too old, a standby, behind a pooler. */
export class StoreUnsuitableError extends define("STORE_UNSUITABLE", false, "no") {
  /** The lease's own connection failed, which may lead to another address. @default false */
  ofLease = false;
}
/** The lease session has ended; locks it held may already be somebody else's. */
export class SessionLostError extends define("SESSION_LOST", true, "unknown") {}
/** Another live process holds this node id. */
export class NodeIdInUseError extends define("NODE_ID_IN_USE", false, "no") {}
/** The coordinator refused to let this node take part; the message says why. */
export class RegionRefusedError extends define("REGION_REFUSED", false, "no") {}
/** No entity type of this name on the node that hosts the shard. */
export class EntityTypeUnknownError extends define("ENTITY_TYPE_UNKNOWN", false, "no") {}
export class CommandUnknownError extends define("COMMAND_UNKNOWN", false, "no") {}
/** The input does not fit the command's schema; `issues` says where. */
export class CommandInvalidError extends define("COMMAND_INVALID", false, "no") {
  readonly issues: readonly { readonly path: string; readonly message: string }[];
  constructor(message: string, issues: readonly { path: string; message: string }[]) {
    super(message);
    this.issues = issues;
  }
}
/** The handler threw. The entity keeps the state it had before the command. */
export class CommandFailedError extends define("COMMAND_FAILED", false, "yes") {}
/**
 * An application's own refusal: throw it from a handler, and the caller gets it with its code. The command
 * ran and that is its answer; the entity keeps the state it had before.
 *
 * Any code that is not of this file arrives as a CommandError too.
 */
export class CommandError extends ShardingError {
  override readonly name = "CommandError";
  readonly code: string;
  readonly retryable: boolean;
  readonly executed: Executed;
  /** For the HTTP edge. */
  readonly status: number | undefined;

  /**
   * @param code upper case with underscores, for instance `INSUFFICIENT_FUNDS`: callers switch on it.
   * @param options.retryable whether the same call may succeed later. @default false
   * @param options.status the HTTP status; the edge takes 422 without it.
   */
  constructor(
    code: string,
    message: string,
    options: {
      readonly retryable?: boolean;
      readonly status?: number;
      readonly executed?: Executed;
    } = {},
  ) {
    super(message);
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.executed = options.executed ?? "yes";
    this.status = options.status;
  }
}
/** The idempotency key was used for this entity with another command or input. */
export class IdempotencyKeyReusedError extends define("IDEMPOTENCY_KEY_REUSED", false, "no") {}
/** A topic or message that cannot be published; the message says why. */
export class MessageInvalidError extends define("MESSAGE_INVALID", false, "no") {}
/** No cursor of this cluster's events, or one of events that its journal does not have (any more). */
export class CursorInvalidError extends define("CURSOR_INVALID", false, "no") {}
/** A stored event that this version of the program cannot read: the message says which and why. */
export class EventUnreadableError extends define("EVENT_UNREADABLE", false, "no") {}
/** A bounded queue is full; back off. */
export class OverloadedError extends define("OVERLOADED", true, "no") {}
/** The deadline passed before the command was sent to its home. */
export class DeadlineExceededError extends define("DEADLINE_EXCEEDED", true, "no") {}
/** The command may or may not have run: its home went away, or did not answer in time. */
export class OutcomeUnknownError extends define("OUTCOME_UNKNOWN", false, "unknown") {}
/** The caller gave up (its signal was aborted) before the command was sent. */
export class CancelledError extends define("CANCELLED", false, "no") {}
/** The call would wait for itself: its chain of calls already passes through this entity. */
export class ReentrantError extends define("REENTRANT", false, "no") {}
/** A handler was still running when its node had to go; it saw its signal aborted. */
export class HandlerAbortedError extends define("HANDLER_ABORTED", true, "unknown") {}
/** This run of a daemon's worker is over: another one may have begun elsewhere. */
export class WorkerOverError extends define("WORKER_OVER", false, "no") {}
/** This node is leaving or has no lease; another node will do. */
export class NodeNotReadyError extends define("NODE_NOT_READY", true, "no") {}
/** The coordinator did not answer an operator's command in time, or went away before it answered. */
export class CoordinatorUnavailableError extends define(
  "COORDINATOR_UNAVAILABLE",
  true,
  "unknown",
) {}

/** For as long as the caller waited nobody led, or could be asked: the operator's command was never taken. */
export class NoCoordinatorError extends define("NO_COORDINATOR", true, "no") {}

/** The coordinator answered an operator's command with a refusal. `code` is its reason. */
export class AdminRefusedError extends ShardingError {
  override readonly name = "AdminRefusedError";
  readonly code: string;
  readonly retryable = false;
  readonly executed = "no" as const;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
/** A fault was asked of a node that was not started with faults on. */
export class FaultsOffError extends define("FAULTS_OFF", false, "no") {}
/** A node without lanes could run no entity. */
export class LanesZeroError extends define("LANES_ZERO", false, "no") {}
/** More lanes than a node may have. */
export class LanesOverflowError extends define("LANES_OVERFLOW", false, "no") {}
/** The bound of a lane's inbox makes no sense. */
export class LaneInboxCapacityError extends define("LANE_INBOX_CAPACITY", false, "no") {}
/** A lane could not be started, or loaded something else than the main thread; none of them runs then. */
export class LaneSpawnFailedError extends define("LANE_SPAWN_FAILED", false, "no") {}
/** A lane did not end in time: one of its handlers does not give its thread back. Its thread was ended. */
export class LaneDrainTimeoutError extends define("LANE_DRAIN_TIMEOUT", false, "unknown") {}
/** Lanes have failed, and their node cannot go on: `failures` has all of them, each with its cause. */
export class LaneJoinFailedError extends define("LANE_JOIN_FAILED", false, "unknown") {
  readonly failures: readonly { readonly lane: number; readonly cause: Error }[];
  constructor(message: string, failures: LaneJoinFailedError["failures"] = []) {
    super(message);
    this.failures = failures;
    this.cause = failures[0]?.cause;
  }
}
/** An option's value, or two options together, make no sense; the message names both. */
export class OptionsError extends define("OPTIONS_INVALID", false, "no") {}
