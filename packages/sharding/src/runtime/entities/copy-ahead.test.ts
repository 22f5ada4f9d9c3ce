import { describe, expect, test } from "vitest";
import { z } from "zod";
import { command, defineEntity } from "./definition.ts";
import { ExecutorHarness } from "./executor-harness.ts";

/** `absent`, or the phase with its epoch. */
function phaseOf(harness: ExecutorHarness): string {
  const [held] = harness.executor.describe();
  return held === undefined ? "absent" : `${held.phase}@${held.epoch}`;
}

describe("a shard that is copied ahead", () => {
  const text = "x".repeat(1_000);
  const Note = defineEntity("note", {
    state: () => ({ value: 0, text: "" }),
    // Changed in place, and kept where the handler throws: the state stays the same object.
    restoreOnThrow: false,
    commands: {
      set: command(z.number(), ({ state }, value) => {
        Object.assign(state, { value, text: value === 0 ? "" : text });
      }),
      fill: command(z.number(), ({ state }, length) => {
        state.text = "x".repeat(length);
      }),
      get: command(({ state }) => state.value),
      spill: command(z.number(), ({ state }, value) => {
        state.value = value;
        throw new Error("spilt");
      }),
    },
  });
  /** A hundred entities of one kB. */
  const filled = () => {
    const harness = new ExecutorHarness([Note]);
    harness.open(2);
    for (let id = 0; id < 100; id += 1) harness.ask("note", `n${id}`, "set", id + 1);
    return harness;
  };
  const chunksOf = (harness: ExecutorHarness): readonly number[] =>
    harness.said.flatMap((it) => (it.tag === "copied" ? [it.chunks.length] : []));
  const valuesAt = (harness: ExecutorHarness): Readonly<Record<string, number>> => {
    const captured = harness.about().findLast(({ tag }) => tag === "captured");
    if (captured?.tag !== "captured") throw new Error("not captured");
    const values = captured.entities.map(({ id, state }) => [
      id,
      (state as { value: number }).value,
    ]);
    return Object.fromEntries(values as [string, number][]);
  };
  const before = Object.fromEntries(Array.from({ length: 100 }, (_, id) => [`n${id}`, id + 1]));

  test("serves on, and what changed, came or went meanwhile is captured as it is then", () => {
    const harness = filled();
    harness.copy();
    expect([phaseOf(harness), chunksOf(harness)]).toEqual(["serving@2", [1]]);
    harness.ask("note", "n1", "set", 1_001);
    harness.ask("note", "n5", "spill", 55);
    harness.ask("note", "new", "set", 7);
    // As it was in the beginning: nobody needs it, and it is unloaded.
    harness.ask("note", "n2", "set", 0);
    harness.ask("note", "n3", "set", 0);
    harness.clock.advance(1_300_000);
    harness.ask("note", "n3", "set", 33);
    const kept = harness.executor.stats().entities;
    harness.drain();
    expect(phaseOf(harness)).toBe("frozen@2");
    const { n2: _, ...others } = before;
    const expected = { ...others, n1: 1_001, new: 7, n3: 33, n5: 55 };
    expect(valuesAt(harness)).toEqual(expected);
    expect(kept).toBe(Object.keys(expected).length);
    const captured = harness.said.findLast(({ tag }) => tag === "captured");
    expect(captured?.tag === "captured" && (captured.state?.size ?? 0)).toBeGreaterThan(100_000);
    const rest = captured?.tag === "captured" ? (captured.state?.chunks ?? []) : [];
    expect(rest.reduce((sum, chunk) => sum + chunk.length, 0)).toBeLessThan(5_000);
  });

  test("is copied again while much has changed, three times at most", () => {
    const harness = filled();
    for (let round = 1; round <= 5; round += 1) {
      harness.copy();
      for (let id = 0; id < 100; id += 1) harness.ask("note", `n${id}`, "set", 1_000 * round + id);
    }
    expect(chunksOf(harness)).toEqual([1, 1, 1, 0, 0]);
    harness.drain();
    expect(valuesAt(harness)["n99"]).toBe(5_099);
  });

  test("is not copied again for little, nor at all where there is little", () => {
    const harness = filled();
    harness.copy();
    harness.ask("note", "n1", "set", 5);
    harness.copy();
    expect(chunksOf(harness)).toEqual([1, 0]);
    harness.drain();
    expect(valuesAt(harness)).toEqual({ ...before, n1: 5 });
    const small = new ExecutorHarness([Note]);
    small.open(2);
    small.ask("note", "a", "set", 1);
    small.copy();
    expect(chunksOf(small)).toEqual([0]);
  });

  test("fails its handoff without a pause where an entity cannot be carried", () => {
    const harness = filled();
    harness.ask("note", "large", "fill", 5_000_000);
    harness.copy();
    expect(harness.about()).toMatchObject([{ tag: "capture-failed", handoffId: "h1" }]);
    expect(harness.ask("note", "n1", "get")).toBe("ok 2");
  });

  test("under another epoch, or for another handoff, begins anew", () => {
    const harness = filled();
    harness.copy("h1");
    harness.copy("h2");
    harness.reopen(3);
    harness.copy("h2");
    expect(chunksOf(harness)).toEqual([1, 1, 1]);
    harness.drain("h3");
    const captured = harness.about().findLast(({ tag }) => tag === "captured");
    expect(captured).toMatchObject({ handoffId: "h3" });
    expect(Object.keys(valuesAt(harness))).toHaveLength(100);
  });

  test("in slices of two milliseconds, between which it serves", () => {
    const harness = filled();
    harness.clock.costMs = 1;
    harness.copy();
    expect(chunksOf(harness)).toEqual([]);
    harness.clock.costMs = 0;
    harness.ask("note", "n99", "set", 5);
    harness.ask("note", "n0", "set", 6);
    harness.clock.advance(0);
    expect(chunksOf(harness)).toEqual([1]);
    harness.drain();
    expect(valuesAt(harness)).toEqual({ ...before, n99: 5, n0: 6 });
  });
});
