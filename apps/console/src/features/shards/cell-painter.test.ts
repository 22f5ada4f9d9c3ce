import { describe, expect, test } from "vitest";
import { type CellState, cellStates } from "../../live/cell-state.ts";
import type { Tokens } from "../../ui/tokens.ts";
import { paintBead, paintTile } from "./cell-painter.ts";

/** What is drawn, without its colours: fills, lines and dashes with their places. */
function drawn(paint: (paper: CanvasRenderingContext2D) => void): string {
  const strokes: string[] = [];
  const hueless = new Set(["fillStyle", "strokeStyle"]);
  const paper = new Proxy(
    {},
    {
      get:
        (_, name) =>
        (...values: unknown[]) => {
          strokes.push(
            `${String(name)} ${values.map((it) => (typeof it === "object" ? pathOf(it) : it)).join(" ")}`,
          );
          return { width: 8 };
        },
      set: (_, name, value) => {
        if (!hueless.has(String(name))) strokes.push(`${String(name)}=${value}`);
        return true;
      },
    },
  );
  paint(paper as CanvasRenderingContext2D);
  return strokes.join("\n");
}

const pathOf = (it: unknown): string => (it instanceof FakePath ? it.path : JSON.stringify(it));

class FakePath {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
}
Object.assign(globalThis, { Path2D: FakePath });

/** Told by what is drawn around or beside a cell, not by its own ink. */
const tokens = { get: (name: string) => name } as unknown as Tokens;
const box = { x: 0, y: 0, w: 9, h: 9 };

const alike = (paint: (state: CellState) => string): string[] => {
  const groups = Map.groupBy(cellStates, paint);
  return [...groups.values()].filter((it) => it.length > 1).map((it) => it.join(" = "));
};

describe("a cell without its colours", () => {
  test("as a tile is drawn differently in each state", () => {
    const tile = { ...box, w: 28, h: 28 };
    expect(alike((state) => drawn((paper) => paintTile(paper, tile, state, "7", tokens)))).toEqual(
      [],
    );
  });

  test("as a bead is drawn differently in each state", () => {
    expect(alike((state) => drawn((paper) => paintBead(paper, box, state, tokens)))).toEqual([]);
  });
});
