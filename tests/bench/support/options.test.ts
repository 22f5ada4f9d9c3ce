import { expect, test } from "vitest";
import { BadOption } from "./bench.ts";
import { partsOf, peerOf, secondsOf } from "./options.ts";

const parts = ["local", "remote"] as const;

test("--only chooses parts, in its order; without it all are measured", () => {
  expect(partsOf(parts, {})).toEqual(["local", "remote"]);
  expect(partsOf(parts, { only: "remote,local" })).toEqual(["remote", "local"]);
});

test.each(["", "far", "local,", "Local"])("--only %j is refused with what it takes", (only) => {
  expect(() => partsOf(parts, { only })).toThrow(BadOption);
  expect(() => partsOf(parts, { only })).toThrow("it takes local, remote, separated by commas");
});

test("--peer names one that is known", () => {
  expect(peerOf({})).toBeNull();
  expect(peerOf({ peer: "effect" })).toBe("effect");
  expect(() => peerOf({ peer: "akka" })).toThrow('--peer is "akka"; it takes effect.');
});

test("--seconds is a whole number from 10 on", () => {
  expect(secondsOf({}, 600)).toBe(600);
  expect(secondsOf({ seconds: "10" }, 600)).toBe(10);
});

test.each(["", "9", "010", "1.5", "60s", "1000000"])("--seconds %j is refused", (seconds) => {
  expect(() => secondsOf({ seconds }, 600)).toThrow("it takes a whole number from 10 to 999999");
});
