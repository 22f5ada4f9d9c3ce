import { describe, expect, test } from "vitest";
import { type CellState, cellStates } from "../live/cell-state.ts";
import { glyphPaths } from "./glyph-paths.ts";
import { connectionLook, type Look, nodeLook, stateLook } from "./tone.ts";

const shapeOf = (look: Look): string => JSON.stringify(glyphPaths[look.glyph]);

/** Pairs that look alike without their hue. */
function alike(looks: readonly Look[], of: (look: Look) => string): string[] {
  const groups = Map.groupBy(looks, of);
  return [...groups.values()]
    .filter((it) => it.length > 1)
    .map((it) => it.map((one) => one.word).join(" = "));
}

describe("a state is told apart without colour", () => {
  const states: readonly (CellState | "agree")[] = [...cellStates, "agree"];

  test("each state of a shard has a shape and a word of its own", () => {
    const looks = states.map((it) => stateLook[it]);
    expect(alike(looks, shapeOf)).toEqual([]);
    expect(alike(looks, (it) => it.word)).toEqual([]);
  });

  test("each condition of a node has a word of its own, and those of one tone a shape", () => {
    const looks = Object.values(nodeLook);
    expect(alike(looks, (it) => it.word)).toEqual([]);
    // Draining and drained, evicted and dead: one thing at two stages, told by the word.
    expect(alike(looks, shapeOf)).toEqual(["draining = drained", "evicted = dead"]);
  });

  test("each state of the connection has a shape and a word of its own, loading and catching up apart", () => {
    const looks = Object.values(connectionLook);
    expect(alike(looks, (it) => it.word)).toEqual([]);
    expect(alike(looks, shapeOf)).toEqual(["LOADING = CATCHING UP"]);
  });
});
