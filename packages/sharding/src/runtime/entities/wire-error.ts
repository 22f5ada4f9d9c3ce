import {
  CancelledError,
  CommandError,
  CommandFailedError,
  CommandInvalidError,
  CommandUnknownError,
  CoordinatorUnavailableError,
  DeadlineExceededError,
  EntityTypeUnknownError,
  FaultsOffError,
  HandlerAbortedError,
  IdempotencyKeyReusedError,
  NodeIdInUseError,
  NodeNotReadyError,
  OptionsError,
  OutcomeUnknownError,
  OverloadedError,
  ReentrantError,
  RegionRefusedError,
  SessionLostError,
  ShardingError,
  StoreUnavailableError,
  StoreUnsuitableError,
} from "../../errors.ts";
import type { WireError } from "./executor-messages.ts";

/** The form in which an error crosses threads and nodes. What is no `ShardingError` is a handler's failure. */
export function toWireError(thrown: unknown): WireError {
  if (!(thrown instanceof ShardingError)) {
    return {
      code: "COMMAND_FAILED",
      message: thrown instanceof Error ? thrown.message : String(thrown),
      retryable: false,
      executed: "yes",
    };
  }
  const { code, message, retryable, executed } = thrown;
  const wire = { code, message, retryable, executed };
  if (thrown instanceof CommandInvalidError) return { ...wire, issues: thrown.issues };
  if (thrown instanceof CommandError && thrown.status !== undefined) {
    return { ...wire, status: thrown.status };
  }
  return wire;
}

/** The error for the caller. `retryable` and `executed` are the sender's words, whatever the class says. */
export function fromWireError(wire: WireError): ShardingError {
  const { code, message, retryable, executed, status } = wire;
  if (code === "COMMAND_INVALID") return new CommandInvalidError(message, wire.issues ?? []);
  const Known = byCode.get(code);
  if (Known === undefined) {
    return new CommandError(code, message, {
      retryable,
      executed,
      ...(status === undefined ? {} : { status }),
    });
  }
  return Object.assign(new Known(message), { retryable, executed });
}

/** The errors that may be an entity's answer, or travel through a handler that called another entity. */
const byCode: ReadonlyMap<string, new (message: string) => ShardingError> = new Map(
  [
    CancelledError,
    CommandFailedError,
    CommandUnknownError,
    CoordinatorUnavailableError,
    DeadlineExceededError,
    EntityTypeUnknownError,
    FaultsOffError,
    HandlerAbortedError,
    IdempotencyKeyReusedError,
    NodeIdInUseError,
    NodeNotReadyError,
    OptionsError,
    OutcomeUnknownError,
    OverloadedError,
    ReentrantError,
    RegionRefusedError,
    SessionLostError,
    StoreUnavailableError,
    StoreUnsuitableError,
  ].map((Known) => [new Known("").code, Known]),
);
