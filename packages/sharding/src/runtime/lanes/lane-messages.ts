import type { ShardRef } from "../../core/ids.ts";
import type { LogFn } from "../../node-api.ts";
import type { EntityCall } from "../entities/context.ts";
import type { FromExecutor, ToExecutor, WireError } from "../entities/executor-messages.ts";
import type { LaneType } from "./lane-types.ts";
import type { SharedOwnership } from "./ownership-table.ts";

/** What a lane is made with. Memory in it is shared. */
export interface LaneSetup {
  readonly lane: number;
  readonly lanes: number;
  readonly nodeId: string;
  readonly ownership: SharedOwnership;
  readonly gauges: SharedArrayBuffer;
  /** A message that reached the wrong lane ends the lane, instead of being counted. */
  readonly isStrict: boolean;
  /** Replies say how long the handler kept its thread: a group is balanced by load. */
  readonly isTimed: boolean;
}

/** In order, in the lane's inbox: what is said about a shard must not overtake its requests, nor they it. */
export type ToLane =
  | ToExecutor
  /** Everything that was posted before has been taken: answered with `synced`. */
  | { readonly tag: "sync"; readonly number: number }
  /**
   * End: answer what is here, abort what still runs at `abortAtMs`, let go, and say `ended` before `untilMs`. By the
   * clock of all threads: a lane that hears of it late has that much less time, and not the same again.
   */
  | { readonly tag: "end"; readonly abortAtMs: number; readonly untilMs: number };

/** Beside the inbox: a handler that waits for its answer must not wait for what came after it. */
export type AnswerToLane =
  | { readonly callId: number; readonly ok: true; readonly value: unknown }
  | { readonly callId: number; readonly ok: false; readonly error: WireError };

export type FromLane =
  | FromExecutor
  | { readonly tag: "ready"; readonly types: readonly LaneType[] }
  /** A handler calls another entity. */
  | {
      readonly tag: "call";
      readonly callId: number;
      readonly call: Omit<EntityCall, "signal">;
    }
  | { readonly tag: "cancel-call"; readonly callId: number }
  /** A handler has more calls under way than a lane may have: it was refused there. */
  | { readonly tag: "call-refused" }
  | { readonly tag: "misrouted"; readonly what: ToLane["tag"] }
  /** Events of the shard have committed. */
  | ({ readonly tag: "stored" } & ShardRef)
  | {
      readonly tag: "log";
      readonly level: Parameters<LogFn>[0];
      readonly message: string;
      readonly fields: Parameters<LogFn>[2];
    }
  | { readonly tag: "synced"; readonly number: number }
  | { readonly tag: "ended" };

/** A lane's thread, as the main thread holds it. Messages keep their order. */
export interface LaneThread {
  post(batch: readonly ToLane[], transfer: readonly ArrayBuffer[]): void;
  answer(batch: readonly AnswerToLane[]): void;
  onMessages(fn: (batch: readonly FromLane[]) => void): void;
  /** Once, when nothing of it runs any more; with the error that ended it, if one did. */
  onExit(fn: (cause: Error | null) => void): void;
  /** Ends it, also in the middle of a handler. Resolves when nothing of it runs any more. */
  terminate(): Promise<void>;
}

/** The main thread, as a lane sees it. */
export interface LaneLink {
  onInbox(fn: (batch: readonly ToLane[]) => void): void;
  onAnswers(fn: (batch: readonly AnswerToLane[]) => void): void;
  post(batch: readonly FromLane[], transfer: readonly ArrayBuffer[]): void;
}

/** Who starts the threads of a node. */
export interface LaneThreads {
  readonly lanes: number;
  /** Requests that wait in one lane's inbox at most. */
  readonly inboxCapacity: number;
  /** How long lanes may take to answer what they hold when the node ends, all together. @unit milliseconds */
  readonly drainTimeoutMs: number;
  spawn(setup: LaneSetup): LaneThread;
}
