import { CommandInvalidError } from "../../../errors.ts";
import {
  type Recurrence,
  type ServerMs,
  type TimerSetting,
  untilStartMs,
} from "../../../ports/timers.ts";
import { messageOf } from "../message-of.ts";
import { copyPlain } from "../plain-data.ts";
import { checkStorable } from "../stored-json.ts";
import { checkCron, nextDue } from "./recurrence.ts";

interface TimerCommand {
  /** The command of this entity that is run. */
  readonly command: string;
  /** JSON of 64 Ki characters at most. @default none */
  readonly input?: unknown;
}

/** When a timer fires, and what it runs. */
export type TimerSpec = TimerCommand &
  (
    | {
        /** Once, so long after the command that sets it. @unit milliseconds @minimum 0 */
        readonly afterMs: number;
      }
    | {
        /** Once, at this time by the clock of the Postgres server; at once where it has passed. */
        readonly at: Date;
      }
    | {
        /**
         * Again and again, first after this time. What was missed while no node was up fires once.
         * @unit whole milliseconds @minimum 100
         */
        readonly everyMs: number;
      }
    | {
        /**
         * Whenever the entity's shard has got another home: after a crash, a move, a restart of all nodes. So
         * remembered, an entity runs again without a message.
         */
        readonly onStart: true;
      }
    | {
        /** Whenever it matches: five parts, or six with seconds first, or a nickname such as `@daily`. */
        readonly cron: string;
        /** An IANA name. @default "UTC" */
        readonly timeZone?: string;
        /** Whether the times that were missed while no node was up fire once in all, or each. @default "once" */
        readonly missed?: "once" | "each";
      }
  );

const inputLimit = 64 * 1024;
const shortestMs = 100;
/**
 * What is stored of a timer.
 *
 * @throws {CommandInvalidError} naming the timer and what is wrong with it: often it comes from the caller.
 */
export function settingOf(
  name: string,
  spec: TimerSpec,
  commands: ReadonlyMap<string, unknown>,
  nowMs: ServerMs,
): TimerSetting {
  const setting = settingOrWhyNot(spec, commands, nowMs);
  if (typeof setting !== "string") return setting;
  throw new CommandInvalidError(`The timer "${name}" cannot be set: ${setting}`, []);
}

function settingOrWhyNot(
  spec: TimerSpec,
  commands: ReadonlyMap<string, unknown>,
  nowMs: ServerMs,
): TimerSetting | string {
  const { command } = spec;
  if (!commands.has(command)) return `"${command}" is no command of the entity.`;
  try {
    const input = copyPlain(spec.input ?? null, "input");
    const size = checkStorable(input, "input");
    if (size > inputLimit) {
      return `its input has ${size} characters as JSON; ${inputLimit} are allowed.`;
    }
    return { ...whenOf(spec, nowMs), command, input };
  } catch (error) {
    return messageOf(error);
  }
}

const kinds = ["afterMs", "at", "everyMs", "onStart", "cron"] as const;

function whenOf(spec: TimerSpec, nowMs: ServerMs): Pick<TimerSetting, "dueMs" | "recurrence"> {
  const given = kinds.filter((key) => Object.hasOwn(spec, key));
  if (given.length !== 1) {
    throw new Error(`it needs one of ${kinds.join(", ")}, and has ${given.length}.`);
  }
  if ("afterMs" in spec) {
    return { dueMs: dueIn("afterMs", spec.afterMs, 0, nowMs), recurrence: null };
  }
  if ("at" in spec) {
    const dueMs = spec.at instanceof Date ? spec.at.getTime() : Number.NaN;
    if (Number.isNaN(dueMs)) throw new Error("at is not a valid date.");
    // Long past is past: Postgres has no dates as early as JavaScript has.
    return { dueMs: Math.min(Math.max(dueMs, 0), untilStartMs - 1), recurrence: null };
  }
  if ("onStart" in spec) {
    if (spec.onStart !== true) throw new Error("onStart can only be true.");
    return { dueMs: untilStartMs, recurrence: { onStart: true } };
  }
  if ("everyMs" in spec) {
    const { everyMs } = spec;
    if (!Number.isInteger(everyMs)) throw new Error(`everyMs (${everyMs}) is no whole number.`);
    return { dueMs: dueIn("everyMs", everyMs, shortestMs, nowMs), recurrence: { everyMs } };
  }
  return cronWhen(spec, nowMs);
}

function cronWhen(
  spec: Extract<TimerSpec, { cron: string }>,
  nowMs: ServerMs,
): Pick<TimerSetting, "dueMs" | "recurrence"> {
  const { cron, timeZone = "UTC", missed = "once" } = spec;
  if (missed !== "once" && missed !== "each") {
    throw new Error(`missed is ${JSON.stringify(missed)}; it is "once" or "each".`);
  }
  const recurrence: Recurrence = { cron, timeZone, missed };
  const dueMs = firstDue(recurrence, nowMs);
  if (dueMs === null) throw new Error(`its cron expression "${cron}" never matches.`);
  return { dueMs, recurrence };
}

function firstDue(recurrence: Extract<Recurrence, { cron: string }>, nowMs: ServerMs) {
  const { cron, timeZone } = recurrence;
  if (typeof cron !== "string" || typeof timeZone !== "string") {
    throw new Error("cron and timeZone must be text.");
  }
  try {
    checkCron(cron);
    return nextDue(recurrence, nowMs, nowMs);
  } catch (error) {
    const why = `its cron expression "${cron}" in "${timeZone}" is malformed`;
    throw new Error(`${why}: ${(error as Error).message}`, { cause: error });
  }
}

/** Whole milliseconds: it must come back from Postgres as it was. */
function dueIn(option: string, ms: number, leastMs: number, nowMs: ServerMs): ServerMs {
  const dueMs = Math.ceil(nowMs + ms);
  if (typeof ms === "number" && ms >= leastMs && dueMs < untilStartMs) return dueMs;
  throw new Error(`${option} (${ms}) must be a number of at least ${leastMs} milliseconds.`);
}
