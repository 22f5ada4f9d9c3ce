import { expect, test } from "vitest";
import { Counter } from "./counter.ts";

test("counter: add and get answer the number", () => {
  const state = Counter.state({ namespace: "default", id: "a" });
  const context = { state } as Parameters<typeof Counter.commands.add>[0];
  expect(Counter.commands.add(context, { by: 2 })).toBe(2);
  expect(Counter.commands.add(context, { by: -5 })).toBe(-3);
  expect(Counter.commands.get(context, undefined)).toBe(-3);
});

test("counter: add takes whole numbers only", () => {
  const valid = (input: unknown) =>
    !("issues" in (Counter.commands.add.schema?.["~standard"].validate(input) ?? {}));
  expect(valid({ by: 1 })).toBe(true);
  expect(valid({ by: 1.5 })).toBe(false);
  expect(valid({ by: "1" })).toBe(false);
  expect(valid({})).toBe(false);
});
