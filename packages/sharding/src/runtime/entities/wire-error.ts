import * as errors from "../../errors.ts";
import type { WireError } from "./executor-messages.ts";
import { messageOf } from "./message-of.ts";

/** The form in which an error crosses threads and nodes. What is no `ShardingError` is a handler's failure. */
export function toWireError(thrown: unknown): WireError {
  if (!(thrown instanceof errors.ShardingError)) {
    return {
      code: "COMMAND_FAILED",
      message: messageOf(thrown),
      retryable: false,
      executed: "yes",
    };
  }
  const { code, message, retryable, executed } = thrown;
  const wire = { code, message, retryable, executed };
  if (thrown instanceof errors.CommandInvalidError) return { ...wire, issues: thrown.issues };
  if (thrown instanceof errors.CommandError && thrown.status !== undefined) {
    return { ...wire, status: thrown.status };
  }
  return wire;
}

/** The error for the caller. `retryable` and `executed` are the sender's words, whatever the class says. */
export function fromWireError(wire: WireError): errors.ShardingError {
  const { code, message, retryable, executed, status } = wire;
  if (code === "COMMAND_INVALID") return new errors.CommandInvalidError(message, wire.issues ?? []);
  const Known = byCode.get(code);
  if (Known === undefined) {
    return new errors.CommandError(code, message, {
      retryable,
      executed,
      ...(status === undefined ? {} : { status }),
    });
  }
  return Object.assign(new Known(message), { retryable, executed });
}

/** The errors that may be an entity's answer, or travel through a handler that called another entity. */
const byCode: ReadonlyMap<string, new (message: string) => errors.ShardingError> = new Map(
  [
    errors.CancelledError,
    errors.CommandFailedError,
    errors.CommandUnknownError,
    errors.CoordinatorUnavailableError,
    errors.CursorInvalidError,
    errors.DeadlineExceededError,
    errors.EntityTypeUnknownError,
    errors.EventUnreadableError,
    errors.FaultsOffError,
    errors.HandlerAbortedError,
    errors.IdempotencyKeyReusedError,
    errors.MessageInvalidError,
    errors.LaneDrainTimeoutError,
    errors.LaneInboxCapacityError,
    errors.LaneJoinFailedError,
    errors.LaneSpawnFailedError,
    errors.LanesOverflowError,
    errors.LanesZeroError,
    errors.NoCoordinatorError,
    errors.NodeIdInUseError,
    errors.NodeNotReadyError,
    errors.OptionsError,
    errors.OutcomeUnknownError,
    errors.OverloadedError,
    errors.ReentrantError,
    errors.RegionRefusedError,
    errors.SessionLostError,
    errors.StoreUnavailableError,
    errors.StoreUnsuitableError,
    errors.WorkerOverError,
  ].map((Known) => [new Known("").code, Known]),
);
