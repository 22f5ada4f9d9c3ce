import { expect, test } from "vitest";
import { Ring } from "./ring.ts";

const frameOf = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => seed + index);

test("frames come out as they went in, around the end of the ring too", () => {
  const ring = Ring.ofSize(64);
  const reader = new Ring(ring.memory);
  const waiting: Uint8Array[] = [];
  for (let turn = 0; turn < 500; turn += 1) {
    const frame = frameOf((turn * 7) % 41, turn);
    while (!ring.tryWrite(frame)) expect(reader.read()).toEqual(waiting.shift());
    waiting.push(frame);
  }
  for (const frame of waiting) expect(reader.read()).toEqual(frame);
  expect(reader.read()).toBeNull();
});

test("a full ring takes nothing, and takes the same frame once there is room", () => {
  const ring = Ring.ofSize(16);
  expect(ring.tryWrite(frameOf(12, 1))).toBe(true);
  expect(ring.tryWrite(frameOf(0, 2))).toBe(false);
  ring.read();
  expect(ring.tryWrite(frameOf(0, 2))).toBe(true);
});

test.each([2 ** 31, 2 ** 32])("a ring goes on where its counters pass %d", (wrap) => {
  const ring = Ring.ofSize(64);
  new Int32Array(ring.memory, 0, 2).fill(wrap - 6);
  expect(ring.tryWrite(frameOf(10, 3))).toBe(true);
  expect(ring.tryWrite(frameOf(47, 3))).toBe(false);
  expect(ring.tryWrite(frameOf(46, 3))).toBe(true);
  expect([ring.read(), ring.read()]).toEqual([frameOf(10, 3), frameOf(46, 3)]);
});
