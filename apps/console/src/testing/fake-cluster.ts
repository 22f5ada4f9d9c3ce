import {
  applyEntries,
  type ClusterEvent,
  type ClusterState,
  emptyCluster,
  findShard,
  type LogEntry,
  type NodeRef,
  ownerOf,
  type ShardRef,
} from "@leasehold/sharding/observe";

export interface FakeOptions {
  readonly cluster: string;
  readonly shards: number;
  readonly nodes: number;
  /** Ownership changes a second that nobody asked for. @default 0 */
  readonly changesPerSecond: number;
  readonly leaseTtlMs: number;
  /** A crashed node comes back after this time; 0 = never. */
  readonly respawnMs: number;
}

export const fakeDefaults: FakeOptions = {
  cluster: "default",
  shards: 256,
  nodes: 3,
  changesPerSecond: 0,
  leaseTtlMs: 5000,
  respawnMs: 5000,
};

/**
 * The authority of an invented cluster: a log, and the state that it folds to. It stands for Postgres
 * and the coordinator together, so that the console can be built and tested without either. It keeps
 * to the contract (contiguous entries, rising epochs); it does not keep to the protocol.
 */
export class FakeAuthority {
  readonly options: FakeOptions;
  readonly history: string;
  readonly entries: LogEntry[] = [];
  #state: ClusterState;
  readonly #listeners = new Set<(entries: readonly LogEntry[]) => void>();

  constructor(options: FakeOptions, history = "b3c1a7e0-fake-4000-8000-000000000001") {
    this.options = options;
    this.history = history;
    this.#state = emptyCluster(history);
  }

  get state(): ClusterState {
    return this.#state;
  }

  listen(fn: (entries: readonly LogEntry[]) => void): () => void {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  commit(...events: readonly ClusterEvent[]): void {
    if (events.length === 0) return;
    const at = new Date().toISOString();
    const entries = events.map((event, index) => {
      const elected = event.type === "coordinator-elected" ? 1 : 0;
      return { ...event, seq: this.#state.seq + 1 + index, at, term: this.#state.term + elected };
    });
    this.#state = applyEntries(this.#state, entries);
    for (const entry of entries) this.entries.push(entry);
    for (const fn of this.#listeners) fn(entries);
  }

  /** First light: nodes join and get all shards in turn. */
  found(nodes: readonly (NodeRef & { readonly address: string; readonly zone: string })[]): void {
    const [first] = nodes;
    if (first === undefined) throw new Error("A cluster needs a node.");
    this.commit({
      type: "coordinator-elected",
      nodeId: first.nodeId,
      incarnation: first.incarnation,
    });
    this.commit(
      {
        type: "group-created",
        group: "default",
        shards: this.options.shards,
        strategy: "least-loaded",
      },
      ...nodes.map((it) => ({ type: "node-joined", weight: 1, labels: {}, ...it }) as const),
    );
    const all = Array.from({ length: this.options.shards }, (_, shard) => shard);
    const homeOf = (shard: number): NodeRef => nodes[shard % nodes.length] ?? first;
    this.commit(
      ...all.map((shard) =>
        this.assignment({ group: "default", shard }, homeOf(shard), "allocated"),
      ),
    );
  }

  assignment(
    ref: ShardRef,
    to: NodeRef,
    cause: "allocated" | "handoff" | "death" | "abort",
  ): ClusterEvent {
    const row = findShard(this.#state, ref);
    const owner = row === undefined ? null : ownerOf(row);
    const from = cause === "handoff" ? owner : null;
    return {
      type: "shard-assigned",
      group: ref.group,
      shard: ref.shard,
      nodeId: to.nodeId,
      incarnation: to.incarnation,
      epoch: (row?.epoch ?? 0) + 1,
      cause,
      carried:
        from === null
          ? null
          : { handoffId: `h-${ref.shard}-${row?.epoch}`, from, digest: "0f", size: 4096 },
    };
  }

  /** Nodes that may get shards, fewest first. */
  candidates(except?: string): (NodeRef & { readonly owned: number })[] {
    const owned = new Map<string, number>();
    for (const row of this.#state.shards.get("default") ?? []) {
      const owner = ownerOf(row)?.nodeId;
      if (owner !== undefined) owned.set(owner, (owned.get(owner) ?? 0) + 1);
    }
    return [...this.#state.nodes.values()]
      .filter((it) => it.state === "up" && !it.cordoned && it.nodeId !== except)
      .map(({ nodeId, incarnation }) => ({ nodeId, incarnation, owned: owned.get(nodeId) ?? 0 }))
      .sort((a, b) => a.owned - b.owned);
  }

  /** Declares a life over and gives its shards to the others, in one commit. */
  bury(dead: NodeRef, proof: "watched" | "waiter"): void {
    const others = this.candidates(dead.nodeId);
    const events: ClusterEvent[] = [{ type: "node-dead", ...dead, proof }];
    let turn = 0;
    this.#state.shards.get("default")?.forEach((row, shard) => {
      if (ownerOf(row)?.incarnation !== dead.incarnation) return;
      const to = others[turn++ % Math.max(1, others.length)];
      const ref = { group: "default", shard };
      events.push(
        to === undefined
          ? { type: "shard-vacated", ...ref, epoch: row.epoch, why: "no node can take it" }
          : this.assignment(ref, to, "death"),
      );
    });
    this.commit(...events);
    if (this.#state.coordinator?.incarnation === dead.incarnation && others[0] !== undefined) {
      const { nodeId, incarnation } = others[0];
      this.commit({ type: "coordinator-elected", nodeId, incarnation });
    }
  }
}
