import type { DueTimer, ServerMs, TimerChange, TimerWrites } from "../../../ports/timers.ts";
import { nextDue } from "./recurrence.ts";

/**
 * What a command does to its entity's timers: its own changes, and where a timer runs it, that this has fired. A
 * timer that comes again is set again, one that does not goes, unless the command itself says what becomes of it.
 *
 * @returns null for nothing.
 */
export function timerWrites(
  timer: DueTimer | undefined,
  changes: readonly TimerChange[],
  nowMs: ServerMs,
): TimerWrites | null {
  if (timer === undefined) return changes.length === 0 ? null : { changes, fired: null };
  const { name, setBy } = timer;
  const isSaid = changes.some((change) => change.name === name);
  const after = isSaid ? changes : [...changes, { name, setting: settingAfter(timer, nowMs) }];
  return { changes: after, fired: { name, setBy } };
}

function settingAfter({ recurrence, dueMs, command, input }: DueTimer, nowMs: ServerMs) {
  if (recurrence === null) return null;
  const nextMs = nextDue(recurrence, dueMs, nowMs);
  return nextMs === null ? null : { dueMs: nextMs, command, input, recurrence };
}
