import type { GroupName, NodeRef } from "./ids.ts";
import type { PlanMove } from "./log.ts";

/**
 * Moves as they travel. A plan may name every shard of the cluster, and most of its moves have their nodes and
 * reason in common with others: said once each, 10,000 moves are a tenth of the bytes, and of the work on both sides.
 */
export interface PackedMoves {
  readonly groups: readonly GroupName[];
  readonly nodes: readonly NodeRef[];
  readonly reasons: readonly string[];
  /** For each move its shard and epoch, then the places of its group, its two nodes and its reason in the lists. */
  readonly rows: readonly number[];
}

const perRow = 6;

export function packMoves(moves: readonly PlanMove[]): PackedMoves {
  const groups = new Places<GroupName>((group) => group);
  const nodes = new Places<NodeRef>(({ nodeId, incarnation }) => `${incarnation} ${nodeId}`);
  const reasons = new Places<string>((why) => why);
  const rows: number[] = [];
  for (const { group, shard, epoch, from, to, why } of moves) {
    rows.push(shard, epoch, groups.of(group), nodes.of(from), nodes.of(to), reasons.of(why));
  }
  return { groups: groups.items, nodes: nodes.items, reasons: reasons.items, rows };
}

/** @param packed what {@link areRowsWhole} accepts */
export function unpackMoves({ groups, nodes, reasons, rows }: PackedMoves): readonly PlanMove[] {
  const moves: PlanMove[] = [];
  for (let at = 0; at < rows.length; at += perRow) {
    const [shard, epoch, group, from, to, why] = rows.slice(at, at + perRow) as Row;
    moves.push({
      ...{ group: groups[group] as GroupName, shard, epoch },
      ...{ from: nodes[from] as NodeRef, to: nodes[to] as NodeRef, why: reasons[why] as string },
    });
  }
  return moves;
}

type Row = [shard: number, epoch: number, group: number, from: number, to: number, why: number];

/** Whether each row is whole, and finds its parts in the lists. The numbers are whole and not below zero. */
export function areRowsWhole({ groups, nodes, reasons, rows }: PackedMoves): boolean {
  const ends = [
    ...[Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ...[groups.length, nodes.length, nodes.length, reasons.length],
  ];
  const isWhole = rows.length % perRow === 0;
  return isWhole && rows.every((place, at) => place < (ends[at % perRow] as number));
}

/** A list in which each item is once. */
class Places<T> {
  readonly items: T[] = [];
  readonly #places = new Map<string, number>();
  readonly #nameOf: (item: T) => string;

  constructor(nameOf: (item: T) => string) {
    this.#nameOf = nameOf;
  }

  of(item: T): number {
    const name = this.#nameOf(item);
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    this.#places.set(name, this.items.length);
    return this.items.push(item) - 1;
  }
}
