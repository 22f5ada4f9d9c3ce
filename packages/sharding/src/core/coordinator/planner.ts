import type { Candidate, OwnedShard, ProposedMove } from "../allocation.ts";
import { type NodeRow, type ShardRow, shardsAtWork } from "../cluster.ts";
import { type GroupName, type NodeRef, type ShardRef, sameNode } from "../ids.ts";
import { type BlockCode, type BlockedMove, hotFactor, type WhatIf } from "../preview.ts";
import type { Turn } from "./turn.ts";

/**
 * Which shards should move. The same for the cluster's own rebalance, for an operator's plan and for a preview: what
 * is previewed under conditions is what would be applied.
 */
export interface Drawn {
  readonly moves: readonly ProposedMove[];
  readonly blocked: readonly BlockedMove[];
  /** Moves that a limit has left out. */
  readonly leftOut: number;
  readonly notes: readonly string[];
}

/** Moves that balance these groups as they are, each by its own strategy. @param groups @default all */
export function planRebalance(
  turn: Turn,
  groups: Iterable<GroupName> = turn.cluster.groups.keys(),
  whatIf: WhatIf = {},
): Drawn {
  const parts = [...groups].map((group) => balance(turn, group, whatIf));
  const all = parts.flatMap(({ moves }) => moves);
  const chosen = fullestFirst(all, whatIf.maxMoves);
  return {
    moves: chosen.map((move) => withReason(move, whatIf)),
    blocked: parts.flatMap(({ blocked }) => blocked),
    leftOut: all.length - chosen.length,
    notes: parts.flatMap(({ notes }) => notes),
  };
}

type Part = Pick<Drawn, "moves" | "blocked" | "notes">;

function balance(turn: Turn, group: GroupName, whatIf: WhatIf): Part {
  const candidates = candidatesIf(turn, group, whatIf);
  if (candidates.length === 0) {
    const note = `No node that takes shards runs what lives in group ${group}: nothing of it moves.`;
    return { moves: [], blocked: [], notes: [note] };
  }
  const strategy = turn.strategy(group);
  const hot = whatIf.keepHot === true ? hotIn(turn, group) : nothingHot;
  const { owned, held } = atWorkIn(turn, group, hot.why);
  const wanted = strategy.rebalance(owned, candidates);
  // The state could not go there. When the link heals the cluster is looked at again.
  const moves = wanted.filter((move) => !turn.areApart(move.from, move.to));
  const blocked = wanted.filter((move) => turn.areApart(move.from, move.to)).map(apart);
  if (held.size > 0) {
    const free = owned.map((shard) => ({ ...shard, movable: true }));
    blocked.push(...heldBack({ owned, held }, strategy.rebalance(free, candidates), wanted));
  }
  return { moves, blocked, notes: hot.notes };
}

/** Moves that empty a node. */
export function planDrain(turn: Turn, node: NodeRow): Drawn {
  const parts = [...turn.cluster.groups.keys()].map((group) => drainOf(turn, group, node));
  return {
    moves: parts.flatMap(({ moves }) => moves),
    blocked: parts.flatMap(({ blocked }) => blocked),
    ...{ leftOut: 0, notes: [] },
  };
}

function drainOf(turn: Turn, group: GroupName, node: NodeRow): Part {
  const all = turn.candidates(group, node.nodeId);
  const near = all.filter((candidate) => !turn.areApart(candidate.node, node));
  // Without a link the state is not carried over, and a shard without any would still move.
  const candidates = near.length > 0 ? near : all;
  const { owned, held } = ownedIn(turn, group);
  const own = owned.filter((shard) => sameNode(ownerNow(turn, shard), node));
  const block = ({ shard }: ShardRef, why: Held): BlockedMove => ({
    ...{ group, shard, on: node.nodeId, ...why },
  });
  if (candidates.length === 0) {
    const why = `no other node that takes shards runs what lives in group ${group}`;
    const blocked = own.map((shard) => block(shard, { code: "no-target", why }));
    return { moves: [], blocked, notes: [] };
  }
  // What is on its way here goes back to its source when it is released.
  const leaving = own.filter((shard) => held.get(shard.shard)?.code !== "handoff");
  const homes = turn.strategy(group).place(leaving, candidates);
  const moves = leaving.map(({ shard, owner: from }, i) => {
    const to = homes[i] as NodeRef;
    const why = `${node.nodeId} is being drained; ${to.nodeId} has the most room`;
    return { group, shard, from, to, why };
  });
  const blocked = own.flatMap((shard) => {
    const why = held.get(shard.shard);
    return why?.code === "handoff" ? [block(shard, why)] : [];
  });
  return { moves, blocked, notes: [] };
}

/** Who may be given shards of the group, under these conditions. */
export function candidatesIf(
  turn: Turn,
  group: GroupName,
  { cordon = [], weights = {} }: WhatIf,
): readonly Candidate[] {
  return turn
    .candidates(group)
    .filter(({ node }) => !cordon.includes(node.nodeId))
    .map((one) => ({ ...one, weight: weights[one.node.nodeId] ?? one.weight }));
}

/** Why a shard stays where it is. */
interface Held {
  readonly code: BlockCode;
  readonly why: string;
}

type HotWhy = (ref: ShardRef) => string | null;

const nothingHot: { readonly why: HotWhy; readonly notes: readonly string[] } = {
  why: () => null,
  notes: [],
};

/** Which shards are too busy to be paused, as far as anybody measures that. */
function hotIn(turn: Turn, group: GroupName): typeof nothingHot {
  const spec = turn.cluster.groups.get(group);
  const loads = [...turn.balance.loadsIn(group).values()];
  const total = loads.reduce((sum, load) => sum + load, 0);
  if (spec === undefined || total === 0) {
    const why = turn.balance.isByLoad(group)
      ? "no node has said yet what its shards cost"
      : `what shards cost is measured with the strategy load only, and this one is ${spec?.strategy}`;
    return { ...nothingHot, notes: [`No shard of group ${group} counts as hot: ${why}.`] };
  }
  const average = total / shardsAtWork(spec);
  const why: HotWhy = (ref) => {
    const load = turn.balance.loadOf(ref) ?? 0;
    if (load < hotFactor * average) return null;
    return `it is hot, with ${load.toFixed(0)} ms/s ${(load / average).toFixed(1)} times the average of its group`;
  };
  return { why, notes: [] };
}

interface Owned {
  readonly owned: readonly OwnedShard[];
  /** Those that stay, by number. */
  readonly held: ReadonlyMap<number, Held>;
}

function ownedIn(turn: Turn, group: GroupName, hot: HotWhy = nothingHot.why): Owned {
  const owned: OwnedShard[] = [];
  const held = new Map<number, Held>();
  turn.cluster.shards.get(group)?.forEach((row, shard) => {
    if (row.state === "unallocated") return;
    // A shard on its way counts where it is going, and is not moved again before it has arrived.
    const owner = row.state === "handing-off" ? row.handoff.to : row.owner;
    const why = holdOf(turn, { group, shard }, row, hot);
    if (why !== null) held.set(shard, why);
    owned.push({ group, shard, owner, movable: why === null });
  });
  return { owned: turn.balance.weighed(owned), held };
}

/** Without those that a daemon does not need at present: they weigh nothing, wherever they are. */
function atWorkIn(turn: Turn, group: GroupName, hot: HotWhy): Owned {
  const spec = turn.cluster.groups.get(group);
  const atWork = spec === undefined ? 0 : shardsAtWork(spec);
  const { owned, held } = ownedIn(turn, group, hot);
  return { owned: owned.filter(({ shard }) => shard < atWork), held };
}

function holdOf(
  turn: Turn,
  ref: ShardRef,
  row: Exclude<ShardRow, { state: "unallocated" }>,
  hot: HotWhy,
): Held | null {
  if (row.state === "handing-off") {
    const { id, to, planId } = row.handoff;
    const plan = planId === null ? "" : ` of plan ${planId}`;
    return { code: "handoff", why: `handoff ${id}${plan} takes it to ${to.nodeId} already` };
  }
  if (row.state === "starting")
    return { code: "starting", why: `it is starting on ${row.owner.nodeId}` };
  if (row.pinned)
    return { code: "pinned", why: "an operator put it there; it stays until it is unpinned" };
  if (turn.balance.isResting(ref))
    return { code: "resting", why: "it was moved less than a minute ago, and is still measured" };
  const why = hot(ref);
  return why === null ? null : { code: "hot", why };
}

/**
 * What stays though it should move: on nodes that give fewer shards than they would if nothing were held back, all that
 * is held; elsewhere hot shards alone, for which others go.
 */
function heldBack(
  { owned, held }: Owned,
  ideal: readonly ProposedMove[],
  wanted: readonly ProposedMove[],
): readonly BlockedMove[] {
  const gives = countBy(wanted, ({ from }) => from.incarnation);
  const would = countBy(ideal, ({ from }) => from.incarnation);
  const wouldMove = new Set(ideal.map(({ shard }) => shard));
  return owned.flatMap(({ group, shard, owner: { nodeId, incarnation } }) => {
    const why = held.get(shard);
    if (why === undefined) return [];
    const isShort = (gives.get(incarnation) ?? 0) < (would.get(incarnation) ?? 0);
    const isAsked = why.code === "hot" && wouldMove.has(shard);
    return isShort || isAsked ? [{ group, shard, on: nodeId, ...why }] : [];
  });
}

const apart = ({ group, shard, from, to }: ProposedMove): BlockedMove => ({
  ...{ group, shard, on: from.nodeId, code: "apart" },
  why: `${from.nodeId} and ${to.nodeId} have no link, so its state could not be carried over`,
});

/** So many moves, those first that leave the node which has most to give. */
function fullestFirst(
  moves: readonly ProposedMove[],
  limit: number | undefined,
): readonly ProposedMove[] {
  if (limit === undefined || moves.length <= limit) return moves;
  const left = countBy(moves, ({ from }) => from.incarnation);
  const ranked = moves.map((move) => {
    const rank = left.get(move.from.incarnation) ?? 0;
    left.set(move.from.incarnation, rank - 1);
    return { move, rank };
  });
  ranked.sort((a, b) => b.rank - a.rank);
  return ranked.slice(0, limit).map(({ move }) => move);
}

/** The reason counts with a weight that only this plan knows: it says so. */
function withReason(move: ProposedMove, { weights = {} }: WhatIf): ProposedMove {
  const said = [move.from.nodeId, move.to.nodeId].flatMap((nodeId) => {
    const weight = weights[nodeId];
    return weight === undefined ? [] : [`${nodeId} counts with weight ${weight} in this plan`];
  });
  return said.length === 0 ? move : { ...move, why: `${move.why}; ${said.join(", ")}` };
}

function ownerNow(turn: Turn, shard: OwnedShard): NodeRef {
  const row = turn.cluster.row(shard);
  return row.state === "unallocated" ? shard.owner : row.owner;
}

export function countBy<T>(items: readonly T[], key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}
