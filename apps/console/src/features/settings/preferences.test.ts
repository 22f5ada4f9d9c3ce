import { describe, expect, test } from "vitest";
import { readPreferences } from "./preferences.ts";

const kept = (values: Record<string, string>) => readPreferences((name) => values[name] ?? null);

describe("preferences", () => {
  test("what was kept is taken, the rest is as nobody chose it", () => {
    expect(kept({ theme: "dark", keys: "off" })).toEqual({
      theme: "dark",
      density: "roomy",
      keys: "off",
    });
  });

  test("a value that no version knows is as if nobody had chosen", () => {
    expect(kept({ theme: "sepia", density: "" })).toEqual(kept({}));
  });

  test("a browser that keeps nothing has the defaults", () => {
    const refuse = (): string => {
      throw new Error("SecurityError");
    };
    expect(readPreferences(refuse)).toEqual(kept({}));
  });
});
