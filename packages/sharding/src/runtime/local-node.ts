import { findShard, ownerOf } from "../core/cluster.ts";
import { shardOf } from "../core/hash.ts";
import type { GroupName, Incarnation, NodeId, ShardRef } from "../core/ids.ts";
import {
  CommandInvalidError,
  EntityTypeUnknownError,
  LaneJoinFailedError,
  NodeNotReadyError,
  OptionsError,
} from "../errors.ts";
import type {
  AskAnswer,
  AskRequest,
  Authority,
  EntityAddress,
  EntityOptions,
  NodeBelief,
  NodeCounters,
  ShardingNode,
} from "../node-api.ts";
import { coordinatorOptionsOf, type ResolvedOptions } from "../options.ts";
import type { LogPage } from "../ports/state-store.ts";
import type { DropCounter } from "../ports/transport.ts";
import { askUntilKnown } from "./ask-until-known.ts";
import { NodeDaemons } from "./daemons/node-daemons.ts";
import { type Ask, createAsk } from "./data-plane/ask.ts";
import { type Catalog, catalogOf } from "./entities/catalog.ts";
import { createEntityClient } from "./entities/client.ts";
import type { CallEntity } from "./entities/context.ts";
import type { AnyEntityDefinition, EntityClient } from "./entities/definition.ts";
import { addressFault, idStoreFault } from "./entities/entity-key.ts";
import { type EntityView, viewStored } from "./entities/entity-view.ts";
import { createLocalExecutor, type Executor } from "./entities/executor.ts";
import { checkIdempotencyKey } from "./entities/idempotency-key.ts";
import { NodeEvents } from "./events/node-events.ts";
import { LanesExecutor } from "./lanes/lanes-executor.ts";
import { nodeBelief } from "./node-belief.ts";
import { NodeRuntime } from "./node-runtime.ts";
import type { DataPlane, RuntimePorts } from "./runtime-ports.ts";
import type { Serving } from "./serving.ts";

type MeshRefusals = Pick<
  NodeCounters,
  "meshSocketsRefused" | "meshHellosRefused" | "meshBadFrames"
>;

const nothingRefused: MeshRefusals = {
  meshSocketsRefused: 0,
  meshHellosRefused: 0,
  meshBadFrames: 0,
};

/** What is made outside and has to be closed after everything in here has let go of it. */
export interface NodeOutside {
  readonly address: string;
  readonly drops: DropCounter;
  /** What the mesh refused. @default nothing, where a transport has nobody to refuse */
  refused?(): MeshRefusals;
  close(): Promise<void>;
}

/** How long a node that cannot go on hands its shards over. @unit milliseconds */
const failedDrainMs = 30_000;
/** How long replies may take to leave before the connections are closed. @unit milliseconds */
const flushTimeoutMs = 2_000;

/**
 * A node over any adapters: {@link ShardingNode} whole, but for what opens sockets. Each of its methods asks one of
 * the parts, which is why this file is long.
 */
export class LocalNode implements ShardingNode {
  readonly nodeId: NodeId;
  readonly cluster: string;
  readonly address: string;
  readonly leaseTtlMs: number;
  readonly drops: DropCounter;
  readonly #options: ResolvedOptions;
  readonly #ports: RuntimePorts;
  readonly #outside: NodeOutside;
  readonly #catalog: Catalog;
  readonly #shardsOf: ReadonlyMap<GroupName, number>;
  readonly #runtime: NodeRuntime;
  readonly #ask: Ask;
  readonly #executor: Executor;
  /** Null where entities run on this thread. */
  readonly #lanes: LanesExecutor | null;
  readonly #daemons: NodeDaemons;
  /** Null without a journal to follow. */
  readonly #events: NodeEvents | null;
  /** New commands are refused: they belong to another node. */
  #isEnding = false;
  #stopping: Promise<void> | null = null;
  #draining: Promise<void> | null = null;

  constructor(options: ResolvedOptions, ports: RuntimePorts, outside: NodeOutside) {
    const { nodeId, cluster, leaseTtlMs, zone, weight, labels = {}, shards, strategy } = options;
    this.nodeId = nodeId;
    this.cluster = cluster;
    this.address = outside.address;
    this.leaseTtlMs = leaseTtlMs;
    this.drops = outside.drops;
    this.#options = options;
    this.#ports = ports;
    this.#outside = outside;
    this.#catalog = catalogOf(options.entities, { shards, strategy }, options.daemons);
    for (const { type, events } of this.#catalog.types.values()) {
      if (events === null || ports.journal !== undefined) continue;
      throw new OptionsError(`Entity type "${type}" is durable, and this node has no journal.`);
    }
    this.#shardsOf = new Map(this.#catalog.groups.map((group) => [group.group, group.shards]));
    this.#events = this.#createEvents();
    this.#daemons = this.#createDaemons();
    this.#lanes = this.#createLanes();
    this.#runtime = new NodeRuntime(
      {
        nodeId,
        info: {
          ...{ address: outside.address, zone, weight: options.proxy ? 0 : weight, labels },
          groups: this.#catalog.groups.map(({ group }) => group),
        },
        groups: this.#catalog.groups,
        ttlMs: leaseTtlMs,
        handoffTimeoutMs: options.handoffTimeoutMs,
        coordinator: coordinatorOptionsOf(options),
        log: options.log,
        drops: outside.drops,
        coordinatorLease: options.coordinatorLease,
      },
      ports,
      (runtime) => this.#createPlane(runtime),
    );
    this.#ask = this.#runtime.plane.ask;
    this.#executor = this.#runtime.plane.executor;
    this.#runtime.onEntries.add((entries) => this.#daemons.follow(entries));
    this.#runtime.onReload.add(() => this.#daemons.rescale());
    this.#runtime.onEvents.add((from, message) => this.#events?.receive(from, message));
  }

  get entityTypes(): ReadonlyMap<string, AnyEntityDefinition> {
    return this.#catalog.types;
  }

  async start(): Promise<void> {
    if (this.#lanes !== null) await this.#lanes.start();
    await this.#runtime.start();
  }

  /** What may be served here, as the executor is told: for those who check it. */
  get serving(): Serving {
    return this.#runtime.serving;
  }

  incarnation(): Incarnation {
    return this.#runtime.lease.incarnation;
  }

  isReady(): boolean {
    return this.#runtime.isReady();
  }

  entity<D extends AnyEntityDefinition>(
    definition: D,
    id: string,
    options?: EntityOptions,
  ): EntityClient<D> {
    const { type } = definition;
    return createEntityClient(definition, (command, input) =>
      this.ask({ ...options, type, id, command, input }).then(resultOf),
    );
  }

  // No async function stands between a caller and its reply: each would cost a tenth of a small command.
  ask(request: AskRequest): Promise<AskAnswer> {
    try {
      const { deadlineMs = this.#options.deadlineMs, type, key } = request;
      const place = this.#placeOf(type);
      if (key !== undefined) checkIdempotencyKey(key);
      if (key === undefined || !this.#keepsEvents(type)) {
        return this.#askOnce(request, place, deadlineMs);
      }
      const { clock } = this.#ports;
      const ask = (leftMs: number): Promise<AskAnswer> => this.#askOnce(request, place, leftMs);
      const isOver = (): boolean => this.#isEnding;
      return askUntilKnown({ clock, deadlineMs, ask, isOver });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** @throws {NodeNotReadyError} at once. */
  #askOnce(request: AskRequest, { group, shards }: Place, deadlineMs: number): Promise<AskAnswer> {
    if (this.#isEnding) throw new NodeNotReadyError(`${this.nodeId} is stopping.`);
    const { namespace = "default", type, id, command, input, signal, key } = request;
    const call = { group, shards, namespace, type, id, command, input, deadlineMs, signal, key };
    const answered = this.#ask.ask(call);
    if (this.#events === null || !this.#keepsEvents(type)) return answered;
    const events = this.#events;
    return answered.then((answer) => {
      events.heard(request, answer);
      return answer;
    });
  }

  async look(address: EntityAddress): Promise<EntityView> {
    const { namespace = "default", type, id, events = 20 } = address;
    const { group, shards } = this.#placeOf(type);
    const definition = this.#catalog.types.get(type) as AnyEntityDefinition;
    const fault = addressFault(namespace, id) ?? idStoreFault(id);
    if (fault !== null) throw new CommandInvalidError(fault, []);
    const shard = shardOf(namespace, type, id, shards);
    const entity = { group, shard, namespace, type, id };
    const { home, epoch } = locate(this.#runtime, entity);
    const { journal } = this.#ports;
    const isStored = definition.events !== null && journal !== undefined;
    const limit = Math.min(events, 1_000);
    const stored = isStored ? await viewStored(journal, definition, entity, limit) : null;
    return { ...entity, home, epoch, stored };
  }

  async subscribe(
    ...[filter, handle, options = {}]: Parameters<ShardingNode["subscribe"]>
  ): ReturnType<ShardingNode["subscribe"]> {
    return await this.#mustFollow().subscribe(filter, handle, options);
  }

  async latestVersion(
    ...[definition, id, { namespace = "default" } = {}]: Parameters<ShardingNode["latestVersion"]>
  ): Promise<number> {
    const type = typeof definition === "string" ? definition : definition.type;
    return await this.#mustFollow().latestVersion(type, id, namespace);
  }

  authority(): Authority {
    const { replica } = this.#runtime;
    const leaseAgeMs = this.#runtime.peers.agesMs();
    return { state: replica.state, ageMs: replica.ageMs(), leaseAgeMs };
  }

  belief(): NodeBelief {
    return nodeBelief(this.nodeId, this.leaseTtlMs, this.#runtime, this.#ports);
  }

  shardBeliefs(): ReturnType<ShardingNode["shardBeliefs"]> {
    return this.#runtime.region.beliefs();
  }

  hotShards(): ReturnType<ShardingNode["hotShards"]> {
    const { loads, region } = this.#runtime;
    return loads.hottest(() => region.beliefs());
  }

  onLog(fn: Parameters<ShardingNode["onLog"]>[0]): () => void {
    return this.#runtime.onEntries.add(fn);
  }

  onReload(fn: Parameters<ShardingNode["onReload"]>[0]): () => void {
    return this.#runtime.onReload.add(fn);
  }

  onShardBelief(fn: Parameters<ShardingNode["onShardBelief"]>[0]): () => void {
    return this.#runtime.onShards.add(fn);
  }

  daemons(): ReturnType<ShardingNode["daemons"]> {
    return this.#daemons.views();
  }

  scaleDaemon(
    ...args: Parameters<ShardingNode["scaleDaemon"]>
  ): ReturnType<ShardingNode["scaleDaemon"]> {
    return this.#daemons.scale(...args);
  }

  publish(...[topic, message, options]: Parameters<ShardingNode["publish"]>): number {
    if (this.#isEnding) throw new NodeNotReadyError(`${this.nodeId} is stopping.`);
    return this.#runtime.broadcast.publish(topic, message, options?.namespace ?? "default");
  }

  onMessage(...[topic, fn, options]: Parameters<ShardingNode["onMessage"]>): () => void {
    return this.#runtime.broadcast.listen(topic, fn, options?.namespace ?? "default");
  }

  async readLog(after: number, limit: number): Promise<LogPage> {
    return (
      this.#runtime.replica.page(after, limit) ?? (await this.#ports.store.readLog(after, limit))
    );
  }

  admin(
    command: Parameters<ShardingNode["admin"]>[0],
    deadlineMs: number = this.#options.deadlineMs,
  ): ReturnType<ShardingNode["admin"]> {
    return this.#runtime.admin(command, deadlineMs);
  }

  counters(): NodeCounters {
    const { requests, failures, forwarded } = this.#ask.counters();
    const { region, leaseLosses, coordinator, serving } = this.#runtime;
    const { outgoing: statesOut, incoming: statesIn } = region.transferStats();
    return {
      ...{ requests, failures, forwarded, leaseLosses },
      handoffsOut: region.handoffsOut,
      handoffsIn: region.handoffsIn,
      takeOvers: coordinator.takeOvers,
      ...(this.#outside.refused?.() ?? nothingRefused),
      entities: this.#executor.stats().entities,
      shardsServing: serving.count,
      ...this.#daemons.counters(),
      ...{ statesOut, statesIn },
    };
  }

  drain(timeoutMs: number): Promise<void> {
    this.#draining ??= this.#drain(timeoutMs);
    return this.#draining;
  }

  async #drain(timeoutMs: number): Promise<void> {
    try {
      await this.#runtime.handOver(timeoutMs);
    } catch (error) {
      this.#options.log("warn", "not everything was handed over", { error: String(error) });
    }
    // What was asked here goes on elsewhere, and its answers come back here.
    this.#isEnding = true;
    await this.#ask.untilAnswered(flushTimeoutMs);
    await this.stop();
  }

  stop(): Promise<void> {
    this.#isEnding = true;
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#events?.close();
    await this.#daemons.end();
    // Replies first: whoever asked learns what happened before the node lets go of its lease.
    await this.#ports.transport.flush(flushTimeoutMs);
    await this.#ask.leave(flushTimeoutMs);
    // Before the lease is given back: what runs in a lane may be about to take effect.
    const failure = this.#lanes === null ? null : await endingOf(this.#lanes);
    await this.#runtime.stop();
    await this.#ports.transport.flush(flushTimeoutMs);
    this.#ask.close();
    this.#executor.close();
    await this.#outside.close();
    if (failure !== null) throw failure;
  }

  #laneFailed(error: LaneJoinFailedError): void {
    const { log, onFailed } = this.#options;
    log("error", "the node leaves, because it cannot go on", { error: error.message });
    onFailed?.(error);
    this.drain(failedDrainMs).catch((failure: unknown) =>
      log("error", "the node has left after a failure", { error: String(failure) }),
    );
  }

  #createPlane(runtime: NodeRuntime): DataPlane {
    const { clock, transport } = this.#ports;
    if (this.#lanes !== null) runtime.serving.share(this.#lanes.table);
    const executor = this.#lanes ?? this.#createExecutor(runtime);
    const ask = createAsk({
      self: () => runtime.self(),
      transport,
      clock,
      locate: (ref) => locate(runtime, ref),
      executor,
      hosting: (ref) => runtime.hosting(ref),
      drops: this.drops,
      shards: runtime.loads.meter,
      onBehind: () => runtime.replica.catchUp(),
    });
    const lanes = this.#lanes;
    const quiet = lanes === null ? undefined : () => lanes.quiet();
    return { ask, executor: this.#daemons.beside(executor), quiet };
  }

  #createExecutor({ serving, loads }: NodeRuntime): Executor {
    const { clock, journal } = this.#ports;
    const { nodeId } = this;
    const { log } = this.#options;
    return createLocalExecutor({
      ...{ catalog: this.#catalog, clock, guard: serving, call: this.#call },
      isTimed: loads.isTimed,
      durable: journal === undefined ? undefined : { journal, nodeId, log, stored: this.#stored },
    });
  }

  #createLanes(): LanesExecutor | null {
    const { clock, lanes: threads } = this.#ports;
    const { log, leaseTtlMs: stuckMs } = this.#options;
    if (threads === undefined) return null;
    return new LanesExecutor({
      ...{ threads, catalog: this.#catalog, nodeId: this.nodeId, clock, log, drops: this.drops },
      ...{ isStrict: process.env["NODE_ENV"] !== "production", stuckMs },
      ...{ call: this.#call, stored: this.#stored },
      failed: (error) => this.#laneFailed(error),
    });
  }

  /** A handler's call to another entity. */
  readonly #call: CallEntity = async (call) => {
    const deadlineMs = Math.max(0, call.deadlineMs - this.#ports.clock.monotonicMs());
    return (await this.#ask.ask({ ...call, ...this.#placeOf(call.type), deadlineMs })).result;
  };

  readonly #stored = (shard: ShardRef): void => this.#events?.stored(shard);

  #createDaemons(): NodeDaemons {
    const { clock } = this.#ports;
    const { leaseTtlMs, handoffTimeoutMs, log } = this.#options;
    return new NodeDaemons({
      ...{ daemons: this.#catalog.daemons, clock, log, node: this, leaseTtlMs, handoffTimeoutMs },
      // The runtime is made after them: it asks for the executor that they are part of.
      guard: { mayServe: (shard, epoch) => this.#runtime.serving.mayServe(shard, epoch) },
      cluster: () => this.#runtime.replica.state,
      admin: (command, deadlineMs) => this.admin(command, deadlineMs),
    });
  }

  #createEvents(): NodeEvents | null {
    const { clock, transport, feed } = this.#ports;
    if (feed === undefined) return null;
    return new NodeEvents({
      ...{ feed, clock, transport, cluster: this.cluster, types: this.#catalog.types },
      placeOf: (type) => this.#placeOf(type),
      isShard: (shard) => findShard(this.#runtime.replica.state, shard) !== undefined,
    });
  }

  #mustFollow(): NodeEvents {
    if (this.#events === null) throw new OptionsError("This node has no journal to follow.");
    return this.#events;
  }

  #keepsEvents(type: string): boolean {
    return (this.#catalog.types.get(type)?.events ?? null) !== null;
  }

  #placeOf(type: string): Place {
    const definition = this.#catalog.types.get(type);
    if (definition === undefined) {
      const known = [...this.#catalog.types.keys()].join(", ") || "none";
      throw new EntityTypeUnknownError(
        `There is no entity type "${type}" here; known types: ${known}.`,
      );
    }
    const { group } = definition;
    return { group, shards: this.#shardsOf.get(group) ?? this.#options.shards };
  }
}

/** @returns what lanes have failed: the rest of the node ends all the same. */
async function endingOf(lanes: LanesExecutor): Promise<LaneJoinFailedError | null> {
  try {
    await lanes.end();
    return null;
  } catch (error) {
    if (error instanceof LaneJoinFailedError) return error;
    throw error;
  }
}

interface Place {
  readonly group: GroupName;
  readonly shards: number;
}

const resultOf = ({ result }: AskAnswer): unknown => result;

function locate(
  runtime: NodeRuntime,
  ref: ShardRef,
): ReturnType<Parameters<typeof createAsk>[0]["locate"]> {
  const row = findShard(runtime.replica.state, ref);
  return row === undefined ? { home: null, epoch: 0 } : { home: ownerOf(row), epoch: row.epoch };
}
