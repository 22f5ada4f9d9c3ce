import { describe, expect, test } from "vitest";
import { isShortcut, type PressTarget } from "./key-rules.ts";

const nowhere: PressTarget = { isField: false, isPressable: false, isBehindDialog: false };
const single = { key: "g", isChord: false };
const space = { key: " ", isChord: false };
const chord = { key: "k", isChord: true };

describe("a key press", () => {
  test.each([
    ["a letter on the page", single, nowhere, true, true],
    ["a letter in a field", single, { ...nowhere, isField: true }, true, false],
    ["a letter while single keys are off", single, nowhere, false, false],
    ["a letter on a button", single, { ...nowhere, isPressable: true }, true, true],
    ["Space on the page", space, nowhere, true, true],
    ["Space on a button, which it presses", space, { ...nowhere, isPressable: true }, true, false],
    ["a chord in a field", chord, { ...nowhere, isField: true }, true, true],
    ["a chord while single keys are off", chord, nowhere, false, true],
    ["a letter behind a dialog", single, { ...nowhere, isBehindDialog: true }, true, false],
    ["a chord behind a dialog", chord, { ...nowhere, isBehindDialog: true }, true, false],
  ] as const)("%s", (_name, press, target, singleKeysOn, expected) => {
    expect(isShortcut(press, target, singleKeysOn)).toBe(expected);
  });
});
