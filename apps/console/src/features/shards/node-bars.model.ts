import { type CellState, cellStates } from "../../live/cell-state.ts";
import type { ClusterMirror } from "../../live/mirror.ts";

/** A lane as a bar: how much a node owns, and what of it is not as it should be. */
export interface NodeBar {
  readonly owned: number;
  readonly stable: number;
  /** Other states with their numbers, in the order of the legend. */
  readonly others: readonly { readonly state: CellState; readonly count: number }[];
  /** Believed, not owned. */
  readonly believedOnly: number;
}

export function barOf(mirror: ClusterMirror, nodeId: string): NodeBar {
  const counts = new Map<CellState, number>();
  const owned = mirror.owned.of(nodeId);
  for (const flat of owned) {
    const state = mirror.verdicts.cellOf(flat);
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  const others = cellStates
    .filter((state) => state !== "stable" && counts.has(state))
    .map((state) => ({ state, count: counts.get(state) ?? 0 }));
  return {
    owned: owned.length,
    stable: counts.get("stable") ?? 0,
    others,
    believedOnly: mirror.verdicts.ghosts.of(nodeId).length,
  };
}
