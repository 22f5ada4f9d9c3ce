import { randomUUID } from "node:crypto";
import {
  type AdminCommand,
  type AdminOutcome,
  AdminRefusedError,
  type AnyEntityDefinition,
  type AskAnswer,
  type AskRequest,
  type ClusterEvent,
  type EntityAddress,
  type EntityView,
  type LogEntry,
  type ShardingNode,
} from "@leasehold/sharding";
import {
  applyEntries,
  type ClusterState,
  daemonViews,
  emptyCluster,
  type ShardBelief,
  type ShardHeat,
} from "@leasehold/sharding/observe";

type OnLog = Parameters<ShardingNode["onLog"]>[0];
type OnReload = Parameters<ShardingNode["onReload"]>[0];
type OnShardBelief = Parameters<ShardingNode["onShardBelief"]>[0];

/**
 * A {@link ShardingNode} without a cluster, for tests of what stands around one. Its authority is a
 * real fold over the log that the test commits; asks and admin commands answer what the test says.
 */
export class FakeNode implements ShardingNode {
  readonly nodeId = "node-1";
  readonly cluster = "test";
  readonly address = "http://127.0.0.1:4101";
  readonly leaseTtlMs = 5000;
  readonly entityTypes = new Map<string, AnyEntityDefinition>();
  readonly drops: ShardingNode["drops"] = {
    count: () => undefined,
    snapshot: () => [{ variant: "request", reason: "full", count: 3 }],
  };

  /** What the code under test asked for. */
  readonly asked: AskRequest[] = [];
  readonly commands: AdminCommand[] = [];
  readonly calls: string[] = [];
  logReads = 0;

  /** What the test decides. */
  ready = true;
  leaseState: "held" | "reconnecting" | "lost" = "held";
  /** @unit milliseconds */
  leaseLeftMs = 4200;
  role: ReturnType<ShardingNode["belief"]>["role"] = "coordinator";
  ageMs = 7;
  life = randomUUID() as string;
  readonly leases = new Map<string, number>([["node-1", 12]]);
  onAsk: (request: AskRequest) => Promise<AskAnswer>;
  /** What Postgres has of each entity that is looked at. */
  stored: EntityView["stored"] = null;
  onAdmin: (
    command: AdminCommand,
  ) => Promise<Omit<AdminOutcome, "preview"> & Partial<AdminOutcome>>;
  beforeReadLog: () => Promise<void> = async () => undefined;
  onDrain: () => Promise<void> = async () => undefined;

  #state: ClusterState = emptyCluster(randomUUID());
  #entries: LogEntry[] = [];
  #shards: readonly ShardBelief[] = [];
  readonly #onLog = new Set<OnLog>();
  readonly #onReload = new Set<OnReload>();
  readonly #onShardBelief = new Set<OnShardBelief>();

  constructor() {
    const served = {
      nodeId: "node-2",
      incarnation: this.life,
      group: "default",
      shard: 1,
      epoch: 4,
    };
    this.onAsk = async ({ input }) => ({ result: { echo: input ?? null }, servedBy: served });
    this.onAdmin = async () => {
      throw new AdminRefusedError("NODE_UNKNOWN", "The fake knows nobody.");
    };
  }

  /** Appends to the log and tells the followers. */
  commit(...events: readonly ClusterEvent[]): void {
    const first = this.#state.seq + 1;
    const at = "2026-01-01T00:00:00.000Z";
    const added = events.map(
      (event, index): LogEntry => ({ ...event, seq: first + index, at, term: 3 }),
    );
    this.#state = applyEntries(this.#state, added);
    this.#entries.push(...added);
    for (const fn of this.#onLog) fn(added, this.#state);
  }

  /** Forgets entries up to and including `seq`, as retention does. */
  forget(seq: number): void {
    this.#entries = this.#entries.filter((entry) => entry.seq > seq);
  }

  /** As after a restore: another log, from its beginning. */
  restartHistory(): void {
    this.#state = emptyCluster(randomUUID());
    this.#entries = [];
    for (const fn of this.#onReload) fn(this.#state);
  }

  believe(changed: readonly ShardBelief[], gone: readonly ShardBelief[] = []): void {
    const touched = new Set([...changed, ...gone].map((shard) => `${shard.group}/${shard.shard}`));
    const kept = this.#shards.filter((shard) => !touched.has(`${shard.group}/${shard.shard}`));
    this.#shards = [...kept, ...changed];
    for (const fn of this.#onShardBelief) fn(changed, gone);
  }

  /** How many follow this node; zero after everybody left. */
  get followers(): number {
    return this.#onLog.size + this.#onReload.size + this.#onShardBelief.size;
  }

  incarnation = (): string => this.life;
  isReady = (): boolean => this.ready;
  /** What {@link hotShards} answers, and how often it was asked. */
  hot: readonly ShardHeat[] = [];
  hotAsked = 0;
  hotShards = (): readonly ShardHeat[] => {
    this.hotAsked++;
    return this.hot;
  };
  shardBeliefs = (): readonly ShardBelief[] => this.#shards;
  onLog = (fn: OnLog) => follow(this.#onLog, fn);
  onReload = (fn: OnReload) => follow(this.#onReload, fn);
  onShardBelief = (fn: OnShardBelief) => follow(this.#onShardBelief, fn);

  daemons = (): ReturnType<ShardingNode["daemons"]> => daemonViews(this.#state, []);

  async scaleDaemon(
    ...[name, workers, { by = "test" } = {}]: Parameters<ShardingNode["scaleDaemon"]>
  ): ReturnType<ShardingNode["scaleDaemon"]> {
    await this.admin({ tag: "scale", by, daemon: name, workers });
    const view = this.daemons().find(({ daemon }) => daemon === name);
    if (view === undefined) throw new Error(`The fake has no daemon "${name}".`);
    return view;
  }

  publish(): never {
    throw new Error("The fake has nobody to tell.");
  }
  onMessage = () => () => undefined;

  entity(): never {
    throw new Error("The fake has no typed clients.");
  }

  subscribe(): never {
    throw new Error("The fake has no journal.");
  }

  latestVersion(): never {
    throw new Error("The fake has no journal.");
  }

  async ask(request: AskRequest): Promise<AskAnswer> {
    this.asked.push(request);
    return await this.onAsk(request);
  }

  async look(address: EntityAddress): Promise<EntityView> {
    const { namespace = "default", type, id } = address;
    return {
      group: "default",
      shard: 1,
      namespace,
      type,
      id,
      home: null,
      epoch: 4,
      stored: this.stored,
    };
  }

  async admin(command: AdminCommand): Promise<AdminOutcome> {
    this.commands.push(command);
    return { preview: null, ...(await this.onAdmin(command)) };
  }

  authority(): ReturnType<ShardingNode["authority"]> {
    return { state: this.#state, ageMs: this.ageMs, leaseAgeMs: this.leases };
  }

  belief(): ReturnType<ShardingNode["belief"]> {
    return {
      nodeId: this.nodeId,
      incarnation: this.life,
      pid: 4242,
      role: this.role,
      term: this.#state.term,
      seq: this.#state.seq,
      lease: { state: this.leaseState, leftMs: this.leaseState === "lost" ? 0 : this.leaseLeftMs },
      postgres: { reachable: true, lastOkMsAgo: 30 },
      peers: [{ nodeId: "node-2", incarnation: this.life, connected: true }],
      load: { requestsPerSecond: 5, failedPerSecond: 0, p50Ms: 1, p99Ms: 9, entities: 2 },
    };
  }

  async readLog(after: number, limit: number): ReturnType<ShardingNode["readLog"]> {
    this.logReads += 1;
    await this.beforeReadLog();
    const entries = this.#entries.filter((entry) => entry.seq > after).slice(0, limit);
    return { history: this.#state.history, oldest: this.#entries[0]?.seq ?? 0, entries };
  }

  counters(): ReturnType<ShardingNode["counters"]> {
    const [requests, failures, forwarded, handoffsOut, handoffsIn] = [11, 2, 3, 4, 5];
    const rest = {
      leaseLosses: 6,
      takeOvers: 7,
      entities: 8,
      shardsServing: 9,
      statesOut: 14,
      statesIn: 15,
      workersRunning: 16,
      workersGivenUp: 17,
    };
    const mesh = { meshSocketsRefused: 10, meshHellosRefused: 12, meshBadFrames: 13 };
    return { requests, failures, forwarded, handoffsOut, handoffsIn, ...rest, ...mesh };
  }

  async drain(timeoutMs: number): Promise<void> {
    this.calls.push(`drain ${timeoutMs}`);
    await this.onDrain();
  }

  async stop(): Promise<void> {
    this.calls.push("stop");
  }
}

function follow<F>(set: Set<F>, fn: F): () => void {
  set.add(fn);
  return () => set.delete(fn);
}

/**
 * node-1 and node-2 are up, node-1 leads (term 3), and the four shards are hosted by node-1, handed
 * from node-2 to node-1, starting on node-1, and unallocated. Seq 1 to 10.
 *
 * @returns the incarnation of node-2.
 */
export function seedCluster(node: FakeNode): string {
  const own = { nodeId: node.nodeId, incarnation: node.incarnation() };
  const other = { nodeId: "node-2", incarnation: randomUUID() };
  const about = { zone: "", weight: 1, labels: {} };
  const group = "default";
  const assigned = { type: "shard-assigned", group, cause: "allocated", carried: null } as const;
  const handoff = { handoffId: "h-1", nodeId: "node-2", epoch: 1, to: own, planId: null };
  node.commit(
    { type: "coordinator-elected", ...own },
    { type: "group-created", group, shards: 4, strategy: "least-loaded" },
    { type: "node-joined", ...own, address: "http://127.0.0.1:4101", ...about },
    { type: "node-joined", ...other, address: "http://127.0.0.1:4102", ...about },
    { ...assigned, shard: 0, ...own, epoch: 1 },
    { ...assigned, shard: 1, ...other, epoch: 1 },
    { ...assigned, shard: 2, ...own, epoch: 1 },
    { type: "shard-hosted", group, shard: 0, ...own, epoch: 1 },
    { type: "shard-hosted", group, shard: 1, ...other, epoch: 1 },
    { type: "handoff-began", group, shard: 1, ...handoff },
  );
  return other.incarnation;
}
