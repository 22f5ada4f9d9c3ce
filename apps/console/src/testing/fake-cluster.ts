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
  shardKey,
} from "@leasehold/sharding/observe";
import type { FakeAccounts } from "./fake-entities.ts";
import { inventPast } from "./fake-past.ts";

export interface FakeOptions {
  readonly cluster: string;
  readonly shards: number;
  readonly nodes: number;
  /** Ownership changes a second that nobody asked for. @default 0 */
  readonly changesPerSecond: number;
  readonly leaseTtlMs: number;
  /** A crashed node comes back after this time; 0 = never. */
  readonly respawnMs: number;
  /** From hearing of a shard to serving it, and from being told to let go to having done so. @unit milliseconds */
  readonly phaseMs: number;
  /** Entries of handoffs that are over when the cluster is founded, one a millisecond. @default 0 */
  readonly pastEvents: number;
  /** The nodes can be broken on purpose. @default true */
  readonly faultsOn: boolean;
}

export const fakeDefaults: FakeOptions = {
  cluster: "default",
  shards: 256,
  nodes: 3,
  changesPerSecond: 0,
  leaseTtlMs: 5000,
  respawnMs: 5000,
  phaseMs: 60,
  pastEvents: 0,
  faultsOn: true,
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
  /** What is stored of accounts. */
  readonly accounts: FakeAccounts = new Map();
  #state: ClusterState;
  #unsaid: ClusterEvent[] = [];
  /** Shards per node: counted along, because a hundred nodes ask for it all the time. */
  readonly #owned = new Map<string, number>();
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
    this.flush();
    this.commitAt(events, Date.now(), 0);
  }

  /** Joins the commit that ends this step: one for what a hundred nodes say at once. */
  say(event: ClusterEvent): void {
    this.#unsaid.push(event);
  }

  /** Commits what was said. Whoever decides from the state calls it first. */
  flush(): void {
    const events = this.#unsaid;
    this.#unsaid = [];
    this.commitAt(events, Date.now(), 0);
  }

  /** As if committed at another time, or one entry after the other through a stretch of time. */
  commitAt(events: readonly ClusterEvent[], startMs: number, stepMs: number): void {
    if (events.length === 0) return;
    let { seq, term } = this.#state;
    const entries = events.map((event, index) => {
      if (event.type === "coordinator-elected") term++;
      seq++;
      return { ...event, seq, at: new Date(startMs + index * stepMs).toISOString(), term };
    });
    const before = this.#state;
    this.#state = applyEntries(before, entries);
    this.#count(before, entries);
    for (const entry of entries) this.entries.push(entry);
    for (const fn of this.#listeners) fn(entries);
  }

  #count(before: ClusterState, entries: readonly LogEntry[]): void {
    for (const ref of new Map(entries.flatMap(shardOfEntry)).values()) {
      const [old, row] = [findShard(before, ref), findShard(this.#state, ref)];
      const [from, to] = [old, row].map((it) => (it === undefined ? null : ownerOf(it)));
      if (from?.nodeId === to?.nodeId) continue;
      if (from) this.#owned.set(from.nodeId, this.owned(from.nodeId) - 1);
      if (to) this.#owned.set(to.nodeId, this.owned(to.nodeId) + 1);
    }
  }

  owned(nodeId: string): number {
    return this.#owned.get(nodeId) ?? 0;
  }

  /** First light: nodes join and get all shards in turn. */
  found(nodes: readonly (NodeRef & { readonly address: string; readonly zone: string })[]): void {
    const [first] = nodes;
    if (first === undefined) throw new Error("A cluster needs a node.");
    const { nodeId, incarnation } = first;
    const { shards, pastEvents } = this.options;
    const startMs = Date.now() - pastEvents;
    this.commitAt(
      [
        { type: "coordinator-elected", nodeId, incarnation },
        { type: "group-created", group: "default", shards, strategy: "least-loaded" },
        ...nodes.map((it) => ({ type: "node-joined", weight: 1, labels: {}, ...it }) as const),
      ],
      startMs,
      0,
    );
    const all = Array.from({ length: shards }, (_, shard) => ({ group: "default", shard }));
    const homeOf = ({ shard }: ShardRef): NodeRef => nodes[shard % nodes.length] ?? first;
    const homes = all.map((ref) => this.assignment(ref, homeOf(ref), "allocated"));
    this.commitAt(homes, startMs, 0);
    if (pastEvents > 0) inventPast(this, startMs, pastEvents);
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
    return [...this.#state.nodes.values()]
      .filter((it) => it.state === "up" && !it.cordoned && it.nodeId !== except)
      .map(({ nodeId, incarnation }) => ({ nodeId, incarnation, owned: this.owned(nodeId) }))
      .sort((a, b) => a.owned - b.owned);
  }

  /** Declares a life over and gives its shards to the others, in one commit. */
  bury(dead: NodeRef, proof: "watched" | "waiter"): void {
    this.flush();
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

const shardOfEntry = (entry: LogEntry): [string, ShardRef][] =>
  "shard" in entry ? [[shardKey(entry), { group: entry.group, shard: entry.shard }]] : [];
