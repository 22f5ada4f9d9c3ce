import { expect, test } from "vitest";
import { findToken, readTokens } from "./operator-tokens.ts";

const long = "abcdefghijklmnop";

test("a token says whose it is and what they may do", () => {
  const tokens = readTokens(`ana:operator:${long}:with:colons, sam:viewer:${long}2`);
  expect(findToken(tokens, `${long}:with:colons`)).toEqual({ name: "ana", role: "operator" });
  expect(findToken(tokens, `${long}2`)).toEqual({ name: "sam", role: "viewer" });
  for (const wrong of ["", long, `${long}2x`, `${long}:with`]) {
    expect(findToken(tokens, wrong)).toBeNull();
  }
});

test.each([
  ["no role", `ana:${long}`, "entry 1"],
  ["a role that there is not", `sam:viewer:${long},ana:root:${long}1`, "entry 2"],
  ["a short token", "ana:viewer:short", "16"],
  ["no name", `:viewer:${long}`, "name"],
  ["one token twice", `ana:viewer:${long},sam:admin:${long}`, "entry 2"],
])("refuses %s by its place, without showing it", (_what, text, words) => {
  expect(() => readTokens(text)).toThrow(words);
  expect(() => readTokens(text)).not.toThrow(long);
});
