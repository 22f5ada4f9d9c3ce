import { expect, test } from "vitest";
import { Excuses, Gaps } from "./windows.ts";

test("a silence is a gap once, and again after the node was heard", () => {
  const gaps = new Gaps();
  for (const silentMs of [500, 3000, 3100, 3200, 100, 3500])
    gaps.silence("node-1", silentMs, 10_000);
  expect(gaps.words).toEqual([
    "node-1 was not heard from 6.9 s on.",
    "node-1 was not heard from 6.5 s on.",
  ]);
});

test("a silence counts from the run's start: a node that another run has killed may be on its way back", () => {
  const gaps = new Gaps();
  for (const nowMs of [100, 3000]) gaps.silence("node-1", 8000 + nowMs, nowMs);
  expect(gaps.words).toEqual([]);
  gaps.silence("node-1", 11_100, 3100);
  expect(gaps.words).toEqual(["node-1 was not heard from 0.0 s on."]);
});

test("a console that stood still has seen nothing meanwhile", () => {
  const gaps = new Gaps();
  gaps.stall(200, 1000);
  gaps.stall(3500, 5000);
  expect(gaps.words).toEqual(["The console itself stood still for 3.5 s, until 5.0 s."]);
});

test("an excuse covers what touches it, until the node has been heard again", () => {
  const excuses = new Excuses();
  excuses.begin("node-1", 1000);
  excuses.begin("node-1", 1500);
  expect(excuses.isOpen("node-1")).toBe(true);
  expect(excuses.touches("node-1", { fromMs: 500, toMs: 900 })).toBe(false);
  expect(excuses.touches("node-1", { fromMs: 500, toMs: 1100 })).toBe(true);
  excuses.end("node-1", 2000);
  expect(excuses.isOpen("node-1")).toBe(false);
  expect(excuses.touches("node-1", { fromMs: 1900, toMs: 9000 })).toBe(true);
  expect(excuses.touches("node-1", { fromMs: 2100, toMs: 9000 })).toBe(false);
  expect(excuses.touches("node-2", { fromMs: 1100, toMs: 1200 })).toBe(false);
});
