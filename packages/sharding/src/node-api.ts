import type { Server } from "node:http";
import type { Belief, ShardBelief, ShardHeat } from "./core/belief.ts";
import type { ClusterState } from "./core/cluster.ts";
import type { Epoch, Incarnation, NodeId, Seq } from "./core/ids.ts";
import type { LogEntry, StrategyName } from "./core/log.ts";
import type { AdminCommand } from "./core/messages.ts";
import type { ShardingError } from "./errors.ts";
import type { EventFilter, EventHandler, SubscribeOptions, Subscription } from "./event-api.ts";
import type { LaneGateSource } from "./lanes/lane-gate.ts";
import type { LinkGate, PostgresStream } from "./ports/gates.ts";
import type { LeaseFactory } from "./ports/lease.ts";
import type { LogPage } from "./ports/state-store.ts";
import type { DropCounter } from "./ports/transport.ts";
import type { AdminOutcome } from "./runtime/admin-client.ts";
import type { MessageListener } from "./runtime/broadcast.ts";
import type { DaemonView } from "./runtime/daemons/daemon-view.ts";
import type { DaemonDefinition } from "./runtime/daemons/definition.ts";
import type { AnyEntityDefinition, EntityClient } from "./runtime/entities/definition.ts";
import type { EntityView } from "./runtime/entities/entity-view.ts";

/** Options of {@link startNode}. Names with a unit carry it; each default is in `defaultOptions`. */
export interface NodeOptions {
  /** Pooled connections go here. A pooler is allowed. */
  readonly databaseUrl: string;
  /** The lease session, LISTEN and the journal go here: a direct connection. @default databaseUrl */
  readonly leaseDatabaseUrl?: string;
  /** The cluster's name: lock keys, the Postgres schema and the mesh hello derive from it. @default "default" */
  readonly cluster?: string;
  /** @default a name from the host and the pid */
  readonly nodeId?: NodeId;
  /**
   * The types, or the module that exports them, under whatever names. With more than one lane it must be the module:
   * each lane loads it, and all must find the same types there.
   */
  readonly entities: readonly AnyEntityDefinition[] | URL;
  /**
   * Threads that run entities; each shard lives in one of them. 1: the main thread, which also keeps leases and
   * connections. `auto`: as many as there are cores. @default 1 @maximum 64
   */
  readonly lanes?: number | "auto";
  /** Requests that wait for one lane, at most; the next ones are refused with `OVERLOADED`. @default 10000 @maximum 1000000 */
  readonly laneInboxCapacity?: number;
  /**
   * How long lanes may take to answer what they hold when the node ends, all together. One that does not is named
   * in the log, and its thread is ended. @unit milliseconds @default 5000
   */
  readonly laneDrainTimeoutMs?: number;
  /** @default none */
  readonly daemons?: readonly DaemonDefinition[];
  /** Shards of the group `default`. All nodes must agree. @default 256 */
  readonly shards?: number;
  /**
   * Which node gets which shard of the entities' groups: as many as others by weight, the winner of a lottery, or
   * its share of what they cost (docs/rebalancing.md). All nodes must agree; it cannot change later.
   *
   * @default "least-loaded"
   */
  readonly strategy?: StrategyName;
  /** @unit milliseconds @default 5000 @minimum 500 */
  readonly leaseTtlMs?: number;
  /** Move shards by itself when a node joined, and with the strategy `load` for their load. @default "auto" */
  readonly rebalance?: "auto" | "manual";
  /** A mailbox that has not drained after this time fails the handoff. @unit milliseconds @default 10000 */
  readonly handoffTimeoutMs?: number;
  /** @unit milliseconds @default 10000 */
  readonly deadlineMs?: number;
  readonly zone?: string;
  readonly weight?: number;
  /**
   * Only routes: joins, knows where each entity lives and asks there, hosts no shard and never leads. It is
   * given the same `entities` and `shards` as the others; `weight` is not looked at. @default false
   */
  readonly proxy?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  /** Believe a refused connection as a proof of death. @default false */
  readonly trustRefused?: boolean;
  /** The mesh's shared secret. @default none: loopback only */
  readonly secret?: string;
  /** An HTTP server to attach `/mesh` to. @default one of its own, on `host` and `port` */
  readonly server?: Server;
  readonly host?: string;
  readonly port?: number;
  /** How others reach this node. @default derived from the server's address */
  readonly advertiseUrl?: string;
  /** Applies missing migrations first. @default true (the service: only with --migrate) */
  readonly migrate?: boolean;
  /**
   * What decides which node leads, for instance `kubernetesLease`. Nodes' own leases stay in Postgres, and
   * the term still fences every write. All nodes must agree. @default an advisory lock in Postgres
   */
  readonly coordinatorLease?: LeaseFactory;
  readonly linkGate?: LinkGate;
  readonly postgresStream?: PostgresStream;
  /** What `postgresStream` is for connections of lanes. @default none: lanes have plain sockets */
  readonly laneGate?: LaneGateSource;
  /**
   * The node cannot go on (a lane has failed) and has begun to leave by itself, as with `drain`. A program that
   * is nothing but this node ends when that is done.
   */
  readonly onFailed?: (error: ShardingError) => void;
  /** One line per thing worth telling an operator. @default silent */
  readonly log?: LogFn;
}

export type LogFn = (
  level: "debug" | "info" | "warn" | "error",
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;

export interface ShardingNode {
  readonly nodeId: NodeId;
  readonly cluster: string;
  readonly address: string;
  readonly leaseTtlMs: number;
  /** The present life; changes after a lost lease. */
  incarnation(): Incarnation;

  /** A typed client of one entity, wherever it lives. */
  entity<D extends AnyEntityDefinition>(
    definition: D,
    id: string,
    options?: EntityOptions,
  ): EntityClient<D>;
  /** The untyped form, for the HTTP edge. */
  ask(request: AskRequest): Promise<AskAnswer>;
  readonly entityTypes: ReadonlyMap<string, AnyEntityDefinition>;
  /**
   * Looks at an entity without activating it: where it lives, and what Postgres has of it.
   *
   * @throws {EntityTypeUnknownError} @throws {CommandInvalidError} the address. @throws {StoreUnavailableError}
   */
  look(address: EntityAddress): Promise<EntityView>;

  /**
   * Sends a message to every node that is connected at this moment, this one included: at most once, stored nowhere,
   * and in order from one node to another while their connection lasts. For what may be lost, like a hint that
   * a cache is old. Where a queue is full the message is dropped for that node, and counted in `drops` as a request.
   *
   * @param topic 1 to 256 characters. Each namespace has its own.
   * @param message plain data, about 64 KiB at most.
   * @returns for how many nodes it was queued.
   * @throws {MessageInvalidError} the topic or the message makes no sense; nothing was sent.
   */
  publish(topic: string, message: unknown, options?: TopicOptions): number;
  /** Hears what is published under a topic from now on. @returns what ends it. */
  onMessage(topic: string, fn: MessageListener, options?: TopicOptions): () => void;

  /**
   * Follows the stored events of durable entities, wherever those live: what is stored first, then what is stored
   * as it happens. An event comes after it has committed. Holds no lease: it goes on while this node serves nothing.
   *
   * @returns once its place is known: with `from: "now"`, everything that commits afterwards is delivered.
   * @throws {OptionsError} the filter makes no sense; {@link EntityTypeUnknownError} `entity` has a type that this
   * node does not run; {@link CursorInvalidError} `from` is no cursor of this journal, or one from its future;
   * {@link StoreUnavailableError} Postgres does not answer.
   */
  subscribe(
    filter: EventFilter,
    handle: EventHandler,
    options?: SubscribeOptions,
  ): Promise<Subscription>;

  /**
   * How many events an entity has had; 0 before the first one. From memory where this node has been asked for it
   * before (10,000 entities, those asked for last), else from Postgres.
   *
   * An answer was true 2 s ago or later, is not below any answer before, nor below the version that a command asked
   * through this node was answered with.
   *
   * @throws {StoreUnavailableError} Postgres does not answer, and what is known here is older than that.
   */
  latestVersion(
    definition: AnyEntityDefinition | string,
    id: string,
    options?: Pick<EntityOptions, "namespace">,
  ): Promise<number>;

  /** Every daemon that the cluster knows, with what this node runs of it. From memory. */
  daemons(): readonly DaemonView[];
  /**
   * Sets how many workers a daemon has, from 0 (none) to 65536. Resolves once this node knows it; workers begin and
   * end as each node learns of it.
   *
   * @throws {OptionsError} the number makes no sense. @throws {AdminRefusedError} `DAEMON_UNKNOWN`.
   * @throws {CoordinatorUnavailableError} nobody answered in time. @throws {NoCoordinatorError} nobody could be asked.
   */
  scaleDaemon(
    name: string,
    workers: number,
    options?: { readonly by?: string; readonly deadlineMs?: number },
  ): Promise<DaemonView>;

  /** Joined, lease valid, not leaving. */
  isReady(): boolean;
  /** This node's copy of the authority. */
  authority(): Authority;
  belief(): NodeBelief;
  /** Shards as this node sees them: only what it serves or holds. */
  shardBeliefs(): readonly ShardBelief[];
  /**
   * The shards served here that ask the most of this node, hottest first, at most 16. Asking begins the measuring of
   * groups that are not balanced by load, so the first answer has none of theirs; it ends ten seconds after the last
   * question.
   */
  hotShards(): readonly ShardHeat[];
  onLog(fn: (entries: readonly LogEntry[], state: ClusterState) => void): () => void;
  /** The whole copy was replaced (start, or too far behind): followers begin from a snapshot. */
  onReload(fn: (state: ClusterState) => void): () => void;
  onShardBelief(
    fn: (
      changed: readonly ShardBelief[],
      gone: readonly { group: string; shard: number }[],
    ) => void,
  ): () => void;
  /** From the node's memory as far as it reaches, else from Postgres. */
  readLog(after: Seq, limit: number): Promise<LogPage>;

  /** Carries an operator's command to the active coordinator; resolves once this copy includes its effect. */
  admin(command: AdminCommand, deadlineMs?: number): Promise<AdminOutcome>;

  readonly drops: DropCounter;
  counters(): NodeCounters;

  /** Hands every shard over, releases the lease, closes. Falls back to `stop` after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
  /** No handoff: stops serving, releases the lease, closes. For the stop of a whole cluster. */
  stop(): Promise<void>;
}

/** {@link Belief} without what only the service knows (faults, heal address). */
export type NodeBelief = Omit<Belief, "faults" | "healUrl">;

export interface Authority {
  readonly state: ClusterState;
  /** Since this copy was last known to be current. @unit milliseconds */
  readonly ageMs: number;
  /** Per node id: since its renewal counter was last seen to change. @unit milliseconds */
  readonly leaseAgeMs: ReadonlyMap<NodeId, number>;
}

export interface EntityOptions {
  /** @default "default" */
  readonly namespace?: string;
  /** @unit milliseconds @default the node's */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /**
   * The idempotency key of this one command, 1 to 255 characters: of a durable entity the same key gives
   * the first answer again, for a day, and with another command or input it is refused; a command whose
   * outcome got lost is sent again by itself. Volatile entities take no notice of it.
   * @default none
   */
  readonly key?: string;
}

export interface EntityAddress {
  /** @default "default" */
  readonly namespace?: string;
  readonly type: string;
  readonly id: string;
  /** Its last events, so many at most. @default 20 @maximum 1000 */
  readonly events?: number;
}

export interface TopicOptions {
  /** @default "default" */
  readonly namespace?: string;
}

export interface AskRequest extends EntityOptions {
  readonly type: string;
  readonly id: string;
  readonly command: string;
  readonly input: unknown;
}

export interface AskAnswer {
  readonly result: unknown;
  readonly servedBy: {
    readonly nodeId: NodeId;
    readonly incarnation: Incarnation;
    readonly group: string;
    readonly shard: number;
    readonly epoch: Epoch;
    /** Of a durable entity: how many events it has had. */
    readonly version?: number;
  };
}

/** Monotonic counters and gauges since the start, for `/metrics`. */
export interface NodeCounters {
  readonly requests: number;
  readonly failures: number;
  readonly forwarded: number;
  readonly handoffsOut: number;
  readonly handoffsIn: number;
  readonly leaseLosses: number;
  readonly takeOvers: number;
  /** Mesh sockets turned away before their hello: by budget, origin or address. */
  readonly meshSocketsRefused: number;
  /** Mesh hellos that failed: no hello at all, another secret, cluster, life or version, too late. */
  readonly meshHellosRefused: number;
  /** Connections of proven peers that ended because of what the peer sent. */
  readonly meshBadFrames: number;
  readonly entities: number;
  readonly shardsServing: number;
  /** Workers of daemons that run here, and how many were given up here. */
  readonly workersRunning: number;
  readonly workersGivenUp: number;
  /** States of shards that are kept for handoffs under way: captured here, or on their way here. */
  readonly statesOut: number;
  readonly statesIn: number;
}
