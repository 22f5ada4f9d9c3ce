import type { NodeView } from "../../../live/node-row.ts";
import { type LinkCell, linkCell, postgresCell } from "./links.model.ts";

/** More rows than these are not read, and each has as many cells. */
const nodeLimit = 24;
/** Up to here a cell has room for a word. */
const wordyLimit = 6;

export interface Matrix {
  /** The columns are Postgres and then these again. */
  readonly nodes: readonly NodeView[];
  readonly rows: readonly (readonly LinkCell[])[];
  /** Fitting the filter. */
  readonly found: number;
  readonly isWordy: boolean;
}

/** @param filter parts of names, with spaces or commas between them; any may fit. */
export function matrixOf(nodes: readonly NodeView[], filter: string): Matrix {
  const parts = filter.toLowerCase().split(/[\s,]+/);
  const found = nodes.filter(({ nodeId }) =>
    parts.some((part) => nodeId.toLowerCase().includes(part)),
  );
  const shown = found.slice(0, nodeLimit);
  const rows = shown.map((from) => [postgresCell(from), ...shown.map((to) => linkCell(from, to))]);
  return { nodes: shown, rows, found: found.length, isWordy: shown.length <= wordyLimit };
}

export interface Place {
  readonly row: number;
  readonly column: number;
}

/** Where an arrow leads. A node has no link to itself: that cell is passed over. */
export function stepPlace({ row, column }: Place, key: string, size: number): Place | null {
  const step = arrows[key];
  if (step === undefined) return null;
  let to = { row: row + step.row, column: column + step.column };
  if (isSelf(to)) to = { row: to.row + step.row, column: to.column + step.column };
  const isInside = to.row >= 0 && to.row < size && to.column >= 0 && to.column <= size;
  return isInside ? to : null;
}

/** Column 0 is Postgres. */
export const isSelf = ({ row, column }: Place): boolean => column === row + 1;

const arrows: Readonly<Record<string, Place>> = {
  ArrowLeft: { row: 0, column: -1 },
  ArrowRight: { row: 0, column: 1 },
  ArrowUp: { row: -1, column: 0 },
  ArrowDown: { row: 1, column: 0 },
};

/** The links that leave a node: for a screen without room for a grid. */
export const linksFrom = ({ nodes, rows }: Matrix, nodeId: string): readonly LinkCell[] => {
  const row = rows[nodes.findIndex((it) => it.nodeId === nodeId)] ?? [];
  return row.filter((it) => it.to !== nodeId);
};
