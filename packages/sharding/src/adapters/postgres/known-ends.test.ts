import { expect, test } from "vitest";
import type { Append } from "../../ports/journal.ts";
import { KnownEnds } from "./known-ends.ts";
import { type WrittenAppend, writtenAppend } from "./written-append.ts";

const appendOf = (id: string, version: number, more: Partial<Append> = {}): Append => ({
  ...{ group: "g", shard: 1, namespace: "default", type: "t", id, version, epoch: 3 },
  ...{ incarnation: "i", commandId: "c", events: ["e"] },
  ...{ outcome: null, isRemoval: false, timers: null, ...more },
});

const written = (...append: Parameters<typeof appendOf>): WrittenAppend =>
  writtenAppend(appendOf(...append));

test("knows what was written, under that epoch, until it is forgotten", () => {
  const ends = new KnownEnds();
  expect(ends.lastSeqOf(appendOf("x", 0))).toBe(-1);
  ends.wrote([written("x", 0, { events: ["a", "b"] }), written("y", 4)], () => 9);
  expect(ends.lastSeqOf(appendOf("z", 0))).toBe(9);
  expect(ends.knows(written("x", 2))).toBe(true);
  expect(ends.knows(written("x", 1))).toBe(false);
  expect(ends.knows(written("y", 5))).toBe(true);
  expect(ends.knows(written("x", 2, { type: "u" }))).toBe(false);
  expect(ends.knows(written("x", 2, { shard: 2 }))).toBe(false);
  expect(ends.knows(written("x", 2, { epoch: 4 }))).toBe(false);
  expect(ends.lastSeqOf(appendOf("x", 2, { epoch: 4 }))).toBe(-1);
  ends.forget([written("other", 0)]);
  expect(ends.knows(written("x", 2))).toBe(false);
  expect(ends.lastSeqOf(appendOf("x", 2))).toBe(-1);
});

test("forgets everything rather than grow without end", () => {
  const ends = new KnownEnds();
  for (let i = 0; i <= 20_001; i += 1) ends.wrote([written(`e${i}`, 0)], () => i);
  expect(ends.knows(written("e0", 1))).toBe(false);
  expect(ends.knows(written("e20001", 1))).toBe(true);
});
