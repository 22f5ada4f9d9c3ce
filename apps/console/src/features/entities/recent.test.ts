import { describe, expect, test } from "vitest";
import { nameOf, readRecent, withRecent } from "./recent.ts";

const address = (id: string, namespace = "default") => ({ namespace, type: "account", id });

describe("recent look-ups", () => {
  test("stand newest first, each once, and no more than eight", () => {
    let all = withRecent([], address("0"));
    for (let id = 1; id < 10; id++) all = withRecent(all, address(String(id)));
    all = withRecent(all, address("5"));
    expect(all.map((it) => it.id).join("")).toBe("59876432");
    expect(withRecent([address("a")], address("a", "eu")).map(nameOf)).toEqual([
      "eu/account/a",
      "account/a",
    ]);
  });

  test.each([
    ["nothing", null, []],
    ["no JSON", "{", []],
    ["no list", "7", []],
    ["other things", '[1, null, {"id":"a"}, {"namespace":"","type":"t","id":"a"}]', []],
    ["one of them", '[7, {"namespace":"default","type":"account","id":"x"}]', [address("x")]],
  ])("that were kept as %s are read as far as they mean something", (_what, kept, expected) => {
    expect(readRecent(() => kept)).toEqual(expected);
  });

  test("of a browser that keeps nothing are none", () => {
    const refuse = (): string => {
      throw new Error("SecurityError");
    };
    expect(readRecent(refuse)).toEqual([]);
  });
});
