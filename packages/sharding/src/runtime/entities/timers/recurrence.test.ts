import { describe, expect, test } from "vitest";
import type { Recurrence } from "../../../ports/timers.ts";
import { nextDue } from "./recurrence.ts";

const at = (text: string): number => new Date(text).getTime();

const next = (recurrence: Recurrence, due: string, now = due): string | null => {
  const ms = nextDue(recurrence, at(due), at(now));
  return ms === null ? null : new Date(ms).toISOString();
};

const daily = (missed: "once" | "each", timeZone = "UTC") =>
  ({ cron: "30 9 * * *", timeZone, missed }) as const;

describe("a timer that comes again", () => {
  test("every so often keeps its beat, also where it was late", () => {
    const minute = { everyMs: 60_000 };
    expect(next(minute, "2026-03-01T12:00:10Z")).toBe("2026-03-01T12:01:10.000Z");
    expect(next(minute, "2026-03-01T12:00:10Z", "2026-03-01T12:00:40Z")).toBe(
      "2026-03-01T12:01:10.000Z",
    );
  });

  test("every so often, after downtime: what was missed counts once", () => {
    const minute = { everyMs: 60_000 };
    expect(next(minute, "2026-03-01T12:00:10Z", "2026-03-01T15:30:15Z")).toBe(
      "2026-03-01T15:31:10.000Z",
    );
    expect(next(minute, "2026-03-01T12:00:10Z", "2026-03-01T12:01:10Z")).toBe(
      "2026-03-01T12:02:10.000Z",
    );
  });

  test("by the calendar, after downtime: once, or each", () => {
    const [due, now] = ["2026-03-01T09:30:00Z", "2026-03-05T10:00:00Z"];
    expect(next(daily("once"), due, now)).toBe("2026-03-06T09:30:00.000Z");
    expect(next(daily("each"), due, now)).toBe("2026-03-02T09:30:00.000Z");
  });

  test("by the calendar of its time zone, on both sides of its change of time", () => {
    const berlin = daily("each", "Europe/Berlin");
    expect(next(berlin, "2026-03-28T08:30:00Z")).toBe("2026-03-29T07:30:00.000Z");
    expect(next(berlin, "2026-10-24T07:30:00Z")).toBe("2026-10-25T08:30:00.000Z");
  });

  test("by the second", () => {
    const tick = { cron: "*/5 * * * * *", timeZone: "UTC", missed: "each" } as const;
    expect(next(tick, "2026-03-01T12:00:04.999Z")).toBe("2026-03-01T12:00:05.000Z");
    expect(next(tick, "2026-03-01T12:00:05.000Z")).toBe("2026-03-01T12:00:10.000Z");
  });

  test("never again, where the calendar has no such day", () => {
    const never = { cron: "0 0 30 2 *", timeZone: "UTC", missed: "once" } as const;
    expect(next(never, "2026-03-01T00:00:00Z")).toBeNull();
  });
});
