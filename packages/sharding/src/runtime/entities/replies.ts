import type { EntityReply, WireError } from "./executor-messages.ts";
import { toWireError } from "./wire-error.ts";

/**
 * Replies other than a handler's answer. They are literals, not error objects: under overload most
 * requests end here, and a stack trace costs more than a command.
 */
export const bounced: EntityReply = { ok: false, bounce: "not-hosting" };

export const refuse = (error: WireError): EntityReply => ({ ok: false, error });

const refusal = (code: string, retryable: boolean, executed: WireError["executed"]) => {
  return (message: string): WireError => ({ code, message, retryable, executed });
};

export const typeUnknown = refusal("ENTITY_TYPE_UNKNOWN", false, "no");
export const commandUnknown = refusal("COMMAND_UNKNOWN", false, "no");
export const overloaded = refusal("OVERLOADED", true, "no");
export const deadlineExceeded = refusal("DEADLINE_EXCEEDED", true, "no");
export const cancelled = refusal("CANCELLED", false, "no");
export const reentrant = refusal("REENTRANT", false, "no");
export const outcomeUnknown = refusal("OUTCOME_UNKNOWN", false, "unknown");
export const handlerAborted = refusal("HANDLER_ABORTED", true, "unknown");
export const commandFailed = refusal("COMMAND_FAILED", false, "yes");
/** The command failed before its handler was called. */
export const notStarted = refusal("COMMAND_FAILED", false, "no");

/** Postgres did not answer, and nothing of the command was stored. */
export const storeUnavailable = refusal("STORE_UNAVAILABLE", true, "no");
/** The journal knows more of the entity than its activation: it is loaded again for the next command. */
export const conflicted = (key: string): WireError =>
  storeUnavailable(`${key} had changed in the journal; nothing was stored. Try again.`);
export const keyReused = refusal("IDEMPOTENCY_KEY_REUSED", false, "no");

export const commandInvalid = (message: string, issues: WireError["issues"]): WireError => ({
  ...refusal("COMMAND_INVALID", false, "no")(message),
  issues: issues ?? [],
});

/**
 * What a handler threw. An error of another entity that it called passes through with its code, but
 * not with `executed: "no"`: this command did run.
 */
export function handlerThrew(thrown: unknown): WireError {
  const wire = toWireError(thrown);
  return wire.executed === "no" ? { ...wire, executed: "yes" } : wire;
}
