import type { Epoch, Incarnation, ShardRef } from "../../core/ids.ts";
import type { WarmEntity } from "../../core/messages.ts";
import type { Executed } from "../../errors.ts";
import type { DueTimer } from "../../ports/timers.ts";
import type { PackedState } from "./packed-state.ts";

/**
 * The boundary between the region service and the executor of entities: plain messages both ways,
 * so that an executor can live in a worker thread. Nothing else crosses it but the guard below.
 */
export type ToExecutor =
  /**
   * Serve this shard from now on. `carried` names the handoff whose state was brought with `carry` (null: start
   * empty), `warm` is what the journal would say of some durable entities.
   */
  | ({
      readonly tag: "open";
      readonly epoch: Epoch;
      readonly incarnation: Incarnation;
      readonly carried: string | null;
      readonly warm?: readonly WarmEntity[];
    } & ShardRef)
  /** The same holder goes on under a new epoch: activations stay; a drained or frozen shard thaws. */
  | ({
      readonly tag: "reopen";
      readonly epoch: Epoch;
      readonly incarnation: Incarnation;
    } & ShardRef)
  /**
   * Pack what has changed since this handoff was last told so, in short slices beside what is served. Answers
   * `copied`, or `capture-failed`.
   */
  | ({ readonly tag: "copy"; readonly epoch: Epoch; readonly handoffId: string } & ShardRef)
  /**
   * Bounce what is queued (`not-hosting`), let running handlers end (abort them after `abortAfterMs`,
   * null = never), then capture what was not copied, in slices. Answers `captured` or `capture-failed`; state is
   * kept, frozen.
   */
  | ({
      readonly tag: "drain";
      readonly epoch: Epoch;
      readonly handoffId: string;
      readonly abortAfterMs: number | null;
    } & ShardRef)
  /** Stop: abort signals, forget activations, answer running and queued requests as said in the docs. */
  | ({ readonly tag: "drop"; readonly epoch: Epoch } & ShardRef)
  /**
   * The next bytes of a state that a handoff brings, `received` with them in all. Its entities are restored as they
   * come, beside what is served; `open` finds them ready. Answers `carried` or `carry-failed`.
   */
  | ({
      readonly tag: "carry";
      readonly handoffId: string;
      readonly bytes: Uint8Array;
      readonly received: number;
    } & ShardRef)
  /** What was carried for this handoff is needed no more. */
  | { readonly tag: "forget"; readonly handoffId: string }
  | { readonly tag: "request"; readonly request: EntityRequest }
  | { readonly tag: "cancel"; readonly requestId: number };

export type FromExecutor =
  /**
   * `heldMs`: how long the handler kept the thread, until it returned or first waited for something. Only of an
   * executor that is told to measure it.
   */
  | {
      readonly tag: "reply";
      readonly requestId: number;
      readonly reply: EntityReply;
      readonly heldMs?: number;
    }
  /** No chunks: what is left to pack is little, or changes as fast as it is packed. */
  | ({
      readonly tag: "copied";
      readonly epoch: Epoch;
      readonly handoffId: string;
      readonly chunks: readonly Uint8Array[];
    } & ShardRef)
  | ({
      readonly tag: "captured";
      readonly epoch: Epoch;
      readonly handoffId: string;
      /** Of the volatile entities, after what was copied; null where there are none. */
      readonly state: PackedState | null;
      readonly warm: readonly WarmEntity[];
    } & ShardRef)
  | ({
      readonly tag: "capture-failed";
      readonly epoch: Epoch;
      readonly handoffId: string;
      readonly why: string;
    } & ShardRef)
  /** Restored, so far. */
  | { readonly tag: "carried"; readonly handoffId: string; readonly received: number }
  /** It cannot be restored, and is forgotten. */
  | { readonly tag: "carry-failed"; readonly handoffId: string; readonly why: string }
  | ({ readonly tag: "dropped"; readonly epoch: Epoch } & ShardRef)
  /** What is served under this epoch cannot go on here: the shard wants another home. */
  | ({ readonly tag: "gave-up"; readonly epoch: Epoch; readonly why: string } & ShardRef);

export interface EntityRequest extends ShardRef {
  /** Unique per executor while in flight; chosen by the region service. */
  readonly requestId: number;
  /** The epoch under which the home accepted it. */
  readonly epoch: Epoch;
  readonly namespace: string;
  readonly type: string;
  readonly id: string;
  readonly command: string;
  readonly input: unknown;
  /** On the node's monotonic clock. @unit milliseconds */
  readonly deadlineMs: number;
  /** Entities whose handlers wait for this call, outermost first: `namespace/type/id`. */
  readonly chain: readonly string[];
  /** The idempotency key, or null. A volatile entity takes no notice of it. */
  readonly key: string | null;
  /** The timer that runs the command, on this node. */
  readonly timer?: DueTimer;
}

export type EntityReply =
  /** `version`: of a durable entity, when it was answered. */
  | { readonly ok: true; readonly value: unknown; readonly version?: number }
  /** Not executed; the sender asks the shard's next home. */
  | { readonly ok: false; readonly bounce: "not-hosting" }
  | { readonly ok: false; readonly error: WireError };

export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly executed: Executed;
  readonly issues?: readonly { readonly path: string; readonly message: string }[];
  /** The HTTP status that the application chose for its refusal. */
  readonly status?: number;
}

export interface EntityName {
  readonly namespace: string;
  readonly type: string;
  readonly id: string;
}

/** One volatile entity's state, as handed over. */
export interface CapturedEntity extends EntityName {
  readonly state: unknown;
}

/**
 * Asked before a handler starts and again before its effects are adopted and its reply released:
 * is this shard still served under this epoch, by the clock, now? Local and synchronous.
 */
export interface ServingGuard {
  mayServe(shard: ShardRef, epoch: Epoch): boolean;
}
