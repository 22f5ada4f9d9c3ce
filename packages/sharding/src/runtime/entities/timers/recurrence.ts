import { Cron, CronPattern } from "croner";
import { type Recurrence, type ServerMs, untilStartMs } from "../../../ports/timers.ts";

/**
 * When a timer that was due at `dueMs` is due again; null where it never is.
 *
 * Times that have passed by then count as one, unless each of them was asked for.
 */
export function nextDue(recurrence: Recurrence, dueMs: ServerMs, nowMs: ServerMs): ServerMs | null {
  if ("onStart" in recurrence) return untilStartMs;
  if ("everyMs" in recurrence) {
    const { everyMs } = recurrence;
    const passed = Math.max(0, Math.floor((nowMs - dueMs) / everyMs));
    return dueMs + (passed + 1) * everyMs;
  }
  const { cron, timeZone, missed } = recurrence;
  const afterMs = missed === "each" ? dueMs : Math.max(dueMs, nowMs);
  const next = new Cron(cron, { timezone: timeZone, paused: true }).nextRun(new Date(afterMs));
  return next?.getTime() ?? null;
}

/** Five or six parts: years, and whole dates, are nothing that comes again. @throws saying what is wrong. */
export function checkCron(cron: string): void {
  new CronPattern(cron, undefined, { mode: "5-or-6-parts" });
}
