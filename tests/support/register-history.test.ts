import { describe, expect, test } from "vitest";
import { judgeRegister, type Operation } from "./register-history.ts";

const answered = (
  kind: Operation["kind"],
  [startMs, endMs]: readonly [number, number],
  version: number,
  seen: string | null,
  more: { value?: string; expect?: string | null; applied?: boolean } = {},
): Operation => {
  const { value = null, applied = kind === "write", ...rest } = more;
  const outcome = { tag: "answered", version, seen, applied } as const;
  return { kind, startMs, endMs, value, outcome, ...rest };
};

const write = (at: readonly [number, number], version: number, value: string) =>
  answered("write", at, version, value, { value });
const read = (at: readonly [number, number], version: number, seen: string | null) =>
  answered("read", at, version, seen);
const open = (tag: "unknown" | "not-executed", value: string): Operation => ({
  ...{ kind: "write", startMs: 0, endMs: 5, value, outcome: { tag } },
});

describe("a register's history", () => {
  test("is fine when every answer fits the journal and the clock", () => {
    const history = [
      read([0, 1], 0, null),
      write([0, 10], 1, "a"),
      open("unknown", "b"),
      open("unknown", "never"),
      open("not-executed", "no"),
      read([8, 12], 1, "a"),
      answered("cas", [11, 12], 3, "c", { value: "c", expect: "b", applied: true }),
      answered("cas", [20, 21], 3, "c", { value: "d", expect: "b", applied: false }),
    ];
    expect(judgeRegister(history, ["a", "b", "c"])).toEqual([]);
  });

  test.each([
    ["an acknowledged write that is lost", [write([0, 1], 1, "a")], [], /acknowledged and is lost/],
    ["a write that took effect twice", [write([0, 1], 1, "a")], ["a", "a"], /twice/],
    ["a write of nobody", [], ["a"], /by nobody/],
    ["a write that was said not to have run", [open("not-executed", "a")], ["a"], /had not run/],
    ["a read of an old version", [write([0, 1], 1, "a"), read([2, 3], 0, null)], ["a"], /after 1/],
    ["a read from the future", [read([0, 1], 1, "a"), write([2, 3], 1, "a")], ["a"], /after it/],
    [
      "two writes in the wrong order",
      [write([0, 1], 2, "a"), write([2, 3], 1, "b")],
      ["b", "a"],
      /after 2/,
    ],
    ["a read of what never was", [read([0, 1], 1, "x")], ["a"], /answered x/],
    [
      "a cas that compared wrongly",
      [
        write([0, 1], 1, "a"),
        answered("cas", [2, 3], 2, "b", { value: "b", expect: "z", applied: true }),
      ],
      ["a", "b"],
      /wrongly/,
    ],
    [
      "a refused cas that took effect",
      [
        write([0, 1], 1, "a"),
        answered("cas", [2, 3], 1, "a", { value: "b", expect: "z", applied: false }),
      ],
      ["a", "b"],
      /refused and took effect/,
    ],
    [
      "an unknown write that took effect before it was sent",
      [{ ...open("unknown", "b"), startMs: 5, endMs: 6 }, write([0, 1], 2, "a")],
      ["b", "a"],
      /after 2/,
    ],
  ] as const)("is not, with %s", (_what, history, journal, fault) => {
    expect(judgeRegister(history, journal).join("\n")).toMatch(fault);
  });
});
