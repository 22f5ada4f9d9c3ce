import { describe, expect, test } from "vitest";
import { settingOf, type TimerSpec } from "./timer-spec.ts";

const nowMs = new Date("2026-03-01T12:00:00Z").getTime();
const commands = new Map([["close", null]]);

const setting = (spec: object) =>
  settingOf("t", { command: "close", ...spec } as TimerSpec, commands, nowMs);

describe("a timer's setting", () => {
  test("once, after a time or at one", () => {
    const input = { lot: 7 };
    expect(setting({ afterMs: 1_500.2, input })).toEqual({
      ...{ dueMs: nowMs + 1_501, command: "close", input, recurrence: null },
    });
    expect(setting({ at: new Date(nowMs + 5) })).toMatchObject({ dueMs: nowMs + 5, input: null });
    expect(setting({ at: new Date(-1e15) })).toMatchObject({ dueMs: 0 });
  });

  test("again and again", () => {
    expect(setting({ everyMs: 100 })).toMatchObject({
      ...{ dueMs: nowMs + 100, recurrence: { everyMs: 100 } },
    });
    expect(setting({ cron: "@daily" })).toMatchObject({
      dueMs: new Date("2026-03-02T00:00:00Z").getTime(),
      recurrence: { cron: "@daily", timeZone: "UTC", missed: "once" },
    });
  });

  test.each([
    [{}, "it needs one of afterMs, at, everyMs, onStart, cron, and has 0."],
    [
      { afterMs: 1, cron: "@daily" },
      "it needs one of afterMs, at, everyMs, onStart, cron, and has 2.",
    ],
    [{ afterMs: -1 }, "afterMs (-1) must be a number of at least 0 milliseconds."],
    [{ afterMs: Number.NaN }, "afterMs (NaN) must be a number"],
    [{ afterMs: 1e16 }, "afterMs (10000000000000000) must be a number"],
    [{ afterMs: "5" }, "afterMs (5) must be a number"],
    [{ at: new Date("tomorrow") }, "at is not a valid date."],
    [{ at: "2026-03-01" }, "at is not a valid date."],
    [{ onStart: false }, "onStart can only be true."],
    [{ everyMs: 50 }, "everyMs (50) must be a number of at least 100 milliseconds."],
    [{ everyMs: 100.5 }, "everyMs (100.5) is no whole number."],
    [{ cron: "* * * *" }, 'its cron expression "* * * *" in "UTC" is malformed: CronPattern:'],
    [{ cron: "61 * * * *" }, "Invalid value for minute: 61"],
    [{ cron: "2026-03-01T00:00:00" }, "is malformed"],
    [{ cron: 5 }, "cron and timeZone must be text."],
    [{ cron: "@daily", timeZone: "Mars/Olympus" }, 'in "Mars/Olympus" is malformed'],
    [{ cron: "@daily", missed: "some" }, 'missed is "some"; it is "once" or "each".'],
    [{ cron: "0 0 30 2 *" }, 'its cron expression "0 0 30 2 *" never matches.'],
    [{ afterMs: 1, command: "shut" }, '"shut" is no command of the entity.'],
    [{ afterMs: 1, input: { when: new Date() } }, "input.when is a date"],
    [{ afterMs: 1, input: () => 1 }, "input"],
    [{ afterMs: 1, input: "x".repeat(70_000) }, "its input has 70002 characters as JSON; 65536"],
  ])("%j is refused: %s", (spec, why) => {
    const attempt = () => setting(spec);
    expect(attempt).toThrow('The timer "t" cannot be set: ');
    expect(attempt).toThrow(why);
    expect(attempt).toThrow(expect.objectContaining({ code: "COMMAND_INVALID" }));
  });
});
