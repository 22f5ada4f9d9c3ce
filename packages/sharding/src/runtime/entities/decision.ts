import type { NewOutcome } from "../../ports/journal.ts";
import type { ServerMs, TimerChange, TimerWrites } from "../../ports/timers.ts";
import type { Activation } from "./activation.ts";
import { bodyHashOf } from "./body-hash.ts";
import { Emission } from "./emission.ts";
import type { EntityReply, EntityRequest, WireError } from "./executor-messages.ts";
import { fold, removal, type StoredData, stepsOf } from "./fold.ts";
import { messageOf } from "./message-of.ts";
import { initialStateOf } from "./passivation.ts";
import { copyPlain } from "./plain-data.ts";
import { commandFailed, handlerThrew, refuse } from "./replies.ts";
import { checkStorable } from "./stored-json.ts";
import { timerWrites } from "./timers/timer-writes.ts";

/** What a durable command's handler came to, before anything of it is stored. */
export interface Decision {
  /** Leaves when the events and the outcome are stored. */
  readonly reply: EntityReply;
  readonly events: readonly StoredData[];
  /** What came before its one event is deleted with it. */
  readonly isRemoval: boolean;
  /** Of the events, as JSON. @unit characters */
  readonly size: number;
  /** After the events. */
  readonly state: unknown;
  readonly version: number;
  /** What the command's idempotency key will answer; null where it has none, or may be tried again. */
  readonly outcome: NewOutcome | null;
  readonly timers: TimerWrites | null;
}

/** What a handler did to its entity's timers, and the time by which those are set. */
export interface Timed {
  readonly changes: readonly TimerChange[];
  readonly nowMs: ServerMs;
}

/** What is kept under a key. */
export type KeptAnswer = { readonly value: unknown } | { readonly error: WireError };

export const replyOf = (kept: KeptAnswer, version: number): EntityReply =>
  "error" in kept ? refuse(kept.error) : { ok: true, value: kept.value, version };

/** Most events of one command, and their most characters as JSON: one append stays a short statement. */
const eventLimit = 1_000;
const sizeLimit = 1024 * 1024;

/** How long an outcome is kept under its key: one day. */
const keepForMs = 86_400_000;

/** The handler's result, if everything that it leaves behind can be stored and sent. */
export function decide(
  activation: Activation,
  request: EntityRequest,
  result: unknown,
  { changes, nowMs }: Timed,
): Decision {
  try {
    const emission = result instanceof Emission ? result : new Emission(result, []);
    const { answer, events: emitted, isRemoval } = emission;
    const value = answer === undefined ? null : copyPlain(answer, "answer");
    checkStorable(value, "answer");
    if (emitted.length > eventLimit) {
      throw new Error(
        `The command emitted ${emitted.length} events; one command may emit ${eventLimit}.`,
      );
    }
    if (isRemoval && changes.length > 0) {
      throw new Error("The command removes its entity, and sets or cancels timers of it.");
    }
    const stored = isRemoval
      ? [{ event: removal, size: 0 }]
      : emitted.map((event) => storedOf(activation, event));
    const events = stored.map(({ event }) => event);
    const size = stored.reduce((sum, one) => sum + one.size, 0);
    if (size > sizeLimit) {
      throw new Error(
        `The events of the command have ${size} characters as JSON; ${sizeLimit} are allowed.`,
      );
    }
    const version = activation.version + events.length;
    const state =
      events.length === 0
        ? activation.state
        : fold(activation.type, activation.state, events, () => initialStateOf(activation));
    const outcome = keep(request, { value });
    const reply = { ok: true, value, version } as const;
    const fired = timerWrites(request.timer, changes, nowMs);
    const timers = isRemoval && fired !== null ? { ...fired, changes: [] } : fired;
    return { reply, events, isRemoval, size, state, version, outcome, timers };
  } catch (error) {
    return nothing(activation, refuse(commandFailed(messageOf(error))));
  }
}

/**
 * A refusal is an answer: under a key it stays the same, and a timer has fired. One that may pass, or a fault, is
 * neither.
 */
export function decideThrown(
  activation: Activation,
  request: EntityRequest,
  thrown: unknown,
  nowMs: ServerMs,
): Decision {
  const error = handlerThrew(thrown);
  const decision = nothing(activation, refuse(error));
  const isFinal = error.executed === "yes" && !error.retryable && error.code !== "COMMAND_FAILED";
  if (!isFinal) return decision;
  const timers = timerWrites(request.timer, [], nowMs);
  return { ...decision, outcome: keep(request, { error }), timers };
}

const nothing = ({ state, version }: Activation, reply: EntityReply): Decision => ({
  ...{ reply, events: [], isRemoval: false, size: 0, state, version },
  ...{ outcome: null, timers: null },
});

function keep(request: EntityRequest, answer: KeptAnswer): NewOutcome | null {
  if (request.key === null) return null;
  return { key: request.key, bodyHash: bodyHashOf(request), answer, keepForMs };
}

function storedOf({ type: of }: Activation, event: unknown): { event: StoredData; size: number } {
  const entries = typeof event === "object" && event !== null ? Object.entries(event) : [];
  const [first] = entries;
  if (first === undefined || entries.length !== 1) {
    throw new Error("An event must be an object with one key, its name.");
  }
  const [type, data] = first;
  const kept = copyPlain(data, `event ${type}`);
  const size = checkStorable(kept, `event ${type}`);
  const steps = stepsOf(of, type);
  return { event: { type, data: kept, ...(steps > 0 ? { steps } : {}) }, size };
}
