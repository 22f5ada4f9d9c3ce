import { ownerOf, type ShardRow } from "@leasehold/sharding/observe";
import type { CellState } from "../../live/cell-state.ts";

/** What a filter can ask of a shard. */
export interface ShardFacts {
  readonly flat: number;
  readonly group: string;
  readonly shard: number;
  readonly label: string;
  readonly owner: string | null;
  readonly state: CellState;
  readonly rowState: ShardRow["state"];
  readonly epoch: number;
  readonly pinned: boolean;
}

export const shardFacts = (
  flat: number,
  ref: { readonly group: string; readonly shard: number },
  row: ShardRow,
  state: CellState,
  label: string,
): ShardFacts => ({
  flat,
  group: ref.group,
  shard: ref.shard,
  label,
  owner: ownerOf(row)?.nodeId ?? null,
  state,
  rowState: row.state,
  epoch: row.epoch,
  pinned: row.pinned,
});

export type ShardFilter = (it: ShardFacts) => boolean;

/**
 * Reads `owner:node-2 state:!stable epoch>40 pinned 172`: every word must hold; `!` before a value turns
 * it round. A word that means nothing is looked for in the shard's name. Null passes everything.
 */
export function parseFilter(text: string): ShardFilter | null {
  const words = text
    .trim()
    .split(/\s+/)
    .filter((it) => it !== "");
  if (words.length === 0) return null;
  const tests = words.map(parseWord);
  return (it) => tests.every((test) => test(it));
}

function parseWord(word: string): ShardFilter {
  const epoch = /^epoch([<>=])(\d+)$/.exec(word);
  if (epoch !== null) return byEpoch(epoch[1] ?? "=", Number(epoch[2]));
  const field = /^(owner|state|group):(!?)(.+)$/.exec(word);
  if (field !== null) {
    const [, name = "", not, value = ""] = field;
    const wanted = not !== "!";
    return (it) => (fieldOf(it, name) === value) === wanted;
  }
  if (word === "pinned") return (it) => it.pinned;
  return (it) => it.label === word || String(it.shard) === word || it.label.startsWith(word);
}

function fieldOf(it: ShardFacts, name: string): string {
  if (name === "owner") return it.owner ?? "none";
  return name === "group" ? it.group : it.state;
}

function byEpoch(operator: string, value: number): ShardFilter {
  if (operator === ">") return (it) => it.epoch > value;
  return operator === "<" ? (it) => it.epoch < value : (it) => it.epoch === value;
}
