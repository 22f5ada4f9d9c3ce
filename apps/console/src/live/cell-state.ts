import type { ShardRow } from "@leasehold/sharding/observe";
import { type DivergenceClass, isWorse } from "./classify.ts";

/** What a cell of the map shows. A closed list: each has a glyph, a word and a hue of its own. */
export const cellStates = [
  "stable",
  "handoff",
  "leaving",
  "unaware",
  "stale-idle",
  "stale-serving",
  "dual",
  "orphan",
  "skew",
  "unknown",
] as const;

export type CellState = (typeof cellStates)[number];

export const cellCode = (state: CellState): number => cellStates.indexOf(state);
export const cellOf = (code: number): CellState => cellStates[code] ?? "unknown";

/**
 * The state of a shard's cell in its owner's lane. Another node's belief colours it only when that
 * node serves: an idle leftover is drawn in the other node's lane alone.
 */
export function cellState(
  row: ShardRow,
  ownerClass: DivergenceClass,
  otherClasses: readonly DivergenceClass[],
): CellState {
  let worst = ownerClass;
  for (const it of otherClasses) {
    if ((it === "stale-serving" || it === "dual") && isWorse(it, worst)) worst = it;
  }
  if (worst !== "agree") return worst;
  return row.state === "hosted" ? "stable" : "handoff";
}
