import type {
  ClusterJson,
  NodeId,
  NodeRef,
  ShardBelief,
  ShardRef,
  ShardRow,
} from "@leasehold/sharding/observe";
import { type CompactPeers, compactPeers, expandPeers, NodeRefs } from "./compact-peers.ts";
import type { NodeObservation } from "./relay-frames.ts";

/** What Postgres says and what every node says of itself, whole, at one instant. */
export interface Whole {
  readonly cluster: ClusterJson;
  /** Each whole. */
  readonly nodes: readonly NodeObservation[];
}

/**
 * A {@link Whole} as it travels and is kept. Ten thousand shards are mostly alike: hosted, and their owner says so. So
 * rows are columns, and of what nodes believe only what differs from the rows is written down: it costs what differs,
 * not the cluster's size. Whom a node names, it names by number: a hundred nodes that name a hundred peers were most
 * of it.
 */
export interface CompactWhole {
  readonly cluster: Omit<ClusterJson, "shards">;
  readonly rows: readonly (readonly [string, CompactRows])[];
  readonly nodes: readonly CompactNode[];
  /** Whom nodes name as their peers. Absent in a recording from before they were numbered. */
  readonly lives?: readonly NodeRef[];
}

/** A group's rows as columns, by shard. */
export interface CompactRows {
  /** One letter each. */
  readonly states: string;
  readonly epochs: readonly number[];
  /** Index into `owners`; -1 is nobody. */
  readonly ownerOf: readonly number[];
  readonly owners: readonly NodeRef[];
  /** Rows that say more than a state, an epoch and an owner. */
  readonly odd: readonly (readonly [number, ShardRow])[];
}

/** What a node believes, as far as it is not what its rows let expect. */
export interface CompactNode extends Omit<NodeObservation, "whole" | "changed" | "gone" | "peers"> {
  readonly peers: CompactPeers | NodeObservation["peers"];
  readonly differs: readonly ShardBelief[];
  /** Its own shards that it says nothing of. */
  readonly lacks: readonly ShardRef[];
}

export function compactWhole({ cluster, nodes }: Whole): CompactWhole {
  const { shards, ...others } = cluster;
  const usual = new UsualBeliefs(cluster);
  const differs = nodes.map((it) => it.changed.filter((belief) => !usual.take(it.nodeId, belief)));
  const lacks = usual.untaken();
  const lives = new NodeRefs();
  return {
    cluster: others,
    rows: shards.map(([group, rows]) => [group, compactRows(rows)]),
    nodes: nodes.map(({ changed: _changed, gone: _gone, whole: _whole, peers, ...it }, index) => ({
      ...it,
      peers: peers === null ? null : compactPeers(peers, lives),
      differs: differs[index] ?? [],
      lacks: lacks.get(it.nodeId) ?? [],
    })),
    lives: lives.list,
  };
}

/** @throws {RangeError} it names a peer by a number that it does not explain. */
export function expandWhole({ cluster, rows, nodes, lives }: CompactWhole): Whole {
  const whole: ClusterJson = {
    ...cluster,
    shards: rows.map(([group, columns]) => [group, expandRows(columns)]),
  };
  const usual = usualBeliefs(whole);
  return {
    cluster: whole,
    nodes: nodes.map((it) => expandNode(it, usual.get(it.nodeId) ?? [], lives)),
  };
}

const stateCodes = { unallocated: "u", starting: "s", hosted: "h", "handing-off": "m" } as const;

function compactRows(rows: readonly ShardRow[]): CompactRows {
  const owners = new NodeRefs();
  const odd: [number, ShardRow][] = [];
  for (const [shard, row] of rows.entries()) {
    if (row.pinned || row.state === "starting" || row.state === "handing-off")
      odd.push([shard, row]);
  }
  return {
    states: rows.map((row) => stateCodes[row.state]).join(""),
    epochs: rows.map((row) => row.epoch),
    ownerOf: rows.map((row) => (row.state === "unallocated" ? -1 : owners.indexOf(row.owner))),
    owners: owners.list,
    odd,
  };
}

function expandRows({ states, epochs, ownerOf, owners, odd }: CompactRows): ShardRow[] {
  const rows = epochs.map((epoch, shard): ShardRow => {
    const owner = owners[ownerOf[shard] ?? -1];
    return owner === undefined || states[shard] === stateCodes.unallocated
      ? { state: "unallocated", epoch, pinned: false }
      : { state: "hosted", epoch, pinned: false, owner };
  });
  for (const [shard, row] of odd) rows[shard] = row;
  return rows;
}

/** What each owner believes of its shards where nothing is wrong. */
function usualBeliefs(cluster: ClusterJson): Map<NodeId, ShardBelief[]> {
  const usual = new Map<NodeId, ShardBelief[]>();
  for (const [group, rows] of cluster.shards) {
    for (const [shard, row] of rows.entries()) {
      if (row.state !== "hosted") continue;
      const { epoch, owner } = row;
      const belief: ShardBelief = { group, shard, epoch, serving: true, phase: "serving" };
      const own = usual.get(owner.nodeId);
      if (own === undefined) usual.set(owner.nodeId, [belief]);
      else own.push(belief);
    }
  }
  return usual;
}

/**
 * Which owners say of their shards just what the rows let expect. By number, without a copy of the ten thousand
 * beliefs that are expected: keyframes are made between two batches of the log, which wait for them.
 */
class UsualBeliefs {
  readonly #groups: ReadonlyMap<string, readonly ShardRow[]>;
  /** Per group and shard: the owner says something of it. */
  readonly #said: ReadonlyMap<string, Uint8Array>;

  constructor({ shards }: ClusterJson) {
    this.#groups = new Map(shards);
    this.#said = new Map(shards.map(([group, rows]) => [group, new Uint8Array(rows.length)]));
  }

  /** @returns whether the belief is the expected one and need not be written down. */
  take(nodeId: NodeId, it: ShardBelief): boolean {
    const row = this.#groups.get(it.group)?.[it.shard];
    if (row?.state !== "hosted" || row.owner.nodeId !== nodeId) return false;
    const said = this.#said.get(it.group);
    if (said !== undefined) said[it.shard] = 1;
    return isUsual(it, row.epoch);
  }

  /** What owners say nothing of, by owner. */
  untaken(): Map<NodeId, ShardRef[]> {
    const lacks = new Map<NodeId, ShardRef[]>();
    for (const [group, rows] of this.#groups) {
      const said = this.#said.get(group);
      for (const [shard, row] of rows.entries()) {
        if (row.state !== "hosted" || said?.[shard] === 1) continue;
        const own = lacks.get(row.owner.nodeId);
        if (own === undefined) lacks.set(row.owner.nodeId, [{ group, shard }]);
        else own.push({ group, shard });
      }
    }
    return lacks;
  }
}

function expandNode(
  { differs, lacks, peers, ...rest }: CompactNode,
  usual: readonly ShardBelief[],
  lives: CompactWhole["lives"],
): NodeObservation {
  const odd = new Set([...lacks, ...differs].map(keyOf));
  const asUsual = odd.size === 0 ? usual : usual.filter((it) => !odd.has(keyOf(it)));
  return {
    ...rest,
    peers: peers === null ? null : expandPeers(peers, lives),
    whole: true,
    changed: [...asUsual, ...differs],
    gone: [],
  };
}

const keyOf = ({ group, shard }: ShardRef): string => `${group}/${shard}`;

const isUsual = (it: ShardBelief, epoch: number): boolean =>
  it.epoch === epoch && it.serving && it.phase === "serving" && it.carried === undefined;
