import { MemoryPostgres } from "../../adapters/memory/index.ts";
import type { MemoryLink } from "../../adapters/memory/memory-link.ts";
import { createMemoryNetwork, type MemoryTransport } from "../../adapters/memory/transport.ts";
import type { NodeId } from "../../core/ids.ts";
import { LaneJoinFailedError } from "../../errors.ts";
import { resolveOptions } from "../../options.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ProcessIdentity } from "../../ports/lease-session.ts";
import type { DaemonDefinition } from "../../runtime/daemons/definition.ts";
import type { AnyEntityDefinition } from "../../runtime/entities/definition.ts";
import { LocalNode } from "../../runtime/local-node.ts";
import { type LaneTime, type MemoryLane, MemoryLanes } from "../memory-lanes.ts";
import { ArmedPoints } from "./crash-points.ts";
import type { Random } from "./random.ts";
import { SimGate } from "./sim-gate.ts";
import { SimProcess, worldClock } from "./sim-process.ts";
import { SimTransport } from "./sim-transport.ts";
import { SimWire } from "./sim-wire.ts";
import type { Timeline } from "./timeline.ts";

/** One life of a process, and where faults get at it. */
export interface SimNode {
  readonly nodeId: NodeId;
  readonly node: LocalNode;
  readonly process: SimProcess;
  readonly wire: SimWire;
  readonly gate: SimGate;
  readonly transport: SimTransport;
  readonly link: MemoryTransport;
  /** None where entities run on the process's own thread. */
  readonly lanes: readonly MemoryLane[];
}

export interface SimClusterOptions {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly shards: number;
  /** Of each node; 1: none beside its own thread. */
  readonly lanes: number;
  /** @unit milliseconds */
  readonly ttlMs: number;
  readonly isProxy: (nodeId: NodeId) => boolean;
  /** The rates of clocks differ from true time by up to this part. */
  readonly drift: number;
  readonly entities: (nodeId: NodeId, clock: Clock) => readonly AnyEntityDefinition[];
  readonly daemons: (nodeId: NodeId, clock: Clock) => readonly DaemonDefinition[];
  readonly say: (line: string) => void;
}

/** Whole nodes, each a process with a clock of its own, over one simulated database and network. */
export class SimCluster {
  readonly nodes = new Map<NodeId, SimNode>();
  /** Processes that were started under a name that was in use. */
  readonly twins = new Set<SimNode>();
  readonly postgres: MemoryPostgres;
  readonly timeline: Timeline;
  readonly points: ArmedPoints;
  /** Nodes whose address refuses connections, though they may well live. */
  readonly refusing = new Set<NodeId>();
  /** Of the database's wall clock, against true time. */
  readonly wallClock = { offsetMs: 0 };
  readonly violations: string[] = [];
  /** Called when the database has lost its last moments. */
  onLoss: () => void = () => undefined;
  /** A message is about to leave a process, or to be heard by it: who watches may end any process. */
  onPoint: (nodeId: NodeId, point: string, message: unknown) => void = () => undefined;
  /** How long a node that leaves may take to hand its shards over. @unit milliseconds */
  readonly handoverMs: number;
  readonly #options: SimClusterOptions;
  readonly #network;
  readonly #alive = new Set<number>();
  readonly #nodeIds = new Set<NodeId>();
  #lastPid = 0;

  constructor(options: SimClusterOptions) {
    this.#options = options;
    const { timeline, random, ttlMs } = options;
    this.timeline = timeline;
    this.handoverMs = 2 * ttlMs;
    this.points = new ArmedPoints((nodeId, point) => {
      options.say(`${nodeId} comes to "${point}"`);
      const node = this.nodes.get(nodeId);
      if (node !== undefined) this.kill(node);
    });
    this.postgres = new MemoryPostgres({
      clock: worldClock(timeline, random.fork("server")),
      wallMs: () => timeline.nowMs + this.wallClock.offsetMs,
    });
    const network = random.fork("network");
    this.#network = createMemoryNetwork({
      clock: worldClock(timeline, network),
      latencyMs: () => network.between(0.1, 1.5),
      silenceMs: 1.5 * ttlMs,
    });
  }

  /** Starts a process for this node id. A life that does not get up ends, as a real one exits. */
  start(nodeId: NodeId): SimNode {
    const { timeline, shards, ttlMs, isProxy, drift, entities, daemons, say } = this.#options;
    this.#lastPid += 1;
    const pid = this.#lastPid;
    const random = this.#options.random.fork(`process ${pid}`);
    const rate = 1 + random.between(-drift, drift);
    const process = new SimProcess({ timeline, random, pid, rate });
    const wire = new SimWire(timeline, random.fork("wire"), process);
    const gate = new SimGate(timeline);
    const inner = this.#network.transport({ nodeId, incarnation: process.uuid() }, gate);
    const passes = (at: "received" | "sending", message: unknown): boolean => {
      const point = `${at}:${tagOf(message)}`;
      this.onPoint(nodeId, point, message);
      return process.isAlive && !this.points.reach(nodeId, point);
    };
    const onArrival = (from: { nodeId: string }, message: unknown): boolean => {
      say(`${nodeId} <- ${from.nodeId} ${tagOf(message)}`);
      return passes("received", message);
    };
    const onSend = (message: unknown): boolean => passes("sending", message);
    const transport = new SimTransport({ inner, process, timeline, random, onArrival, onSend });
    const options = resolveOptions({
      ...{ databaseUrl: "memory:", nodeId, shards, leaseTtlMs: ttlMs, handoffTimeoutMs: ttlMs / 2 },
      ...{ entities: entities(nodeId, process), daemons: daemons(nodeId, process) },
      ...{ deadlineMs: 3 * ttlMs, proxy: isProxy(nodeId) },
      onFailed: () => void this.leave(simNode).then(() => this.restart(nodeId)),
      log: (level, message, fields) => {
        if (process.isAlive && level !== "debug") {
          say(`${nodeId} says: ${message} ${JSON.stringify(fields ?? {})}`);
        }
      },
    });
    const client = { link: wire, clock: process };
    const lanes = this.#lanesOf(process, wire, nodeId);
    const ports = {
      sessions: this.postgres.sessions(client),
      store: this.postgres.store(client, ttlMs),
      journal: this.postgres.journal(client, ttlMs),
      ...{ transport, clock: process, processes: this.#processTable(process.identity) },
      refusals: trustRefused ? this.#refusals() : null,
      lanes,
    };
    this.#alive.add(pid);
    this.#nodeIds.add(nodeId);
    const outside = {
      address: `sim://${nodeId}`,
      drops: inner.drops,
      close: () => transport.close(),
    };
    const node = new LocalNode(options, ports, outside);
    const threads = lanes?.threads ?? [];
    const simNode: SimNode = {
      ...{ nodeId, node, process, wire, gate, transport, link: inner, lanes: threads },
    };
    if (this.nodes.has(nodeId)) this.twins.add(simNode);
    else this.nodes.set(nodeId, simNode);
    say(`${nodeId} starts as process ${pid}`);
    node.start().catch((error: unknown) => {
      say(`${nodeId} did not start: ${String(error)}`);
      if (process.isAlive) this.kill(simNode);
    });
    return simNode;
  }

  /** They run and stop with their process, by its clock. */
  #lanesOf(process: SimProcess, wire: SimWire, nodeId: NodeId): MemoryLanes | undefined {
    const { lanes, ttlMs, entities } = this.#options;
    if (lanes === 1) return undefined;
    const linkOf = (run: LaneTime["run"]): MemoryLink => ({
      pass: (direction, deliver) =>
        wire.pass(direction, direction === "in" ? () => run(deliver) : deliver),
    });
    return new MemoryLanes({
      ...{ lanes, clock: process },
      entities: (_lane, { clock }) => entities(nodeId, clock),
      journal: ({ clock, run }) => this.postgres.journal({ clock, link: linkOf(run) }, ttlMs),
      // Now and then a lane is busy for longer than it takes to lose a lease or a shard.
      latencyMs: () => (process.random() < 0.03 ? process.random() * ttlMs : 0),
      // Half of it for a lane that is busy, half of it for the rest: whoever is late has a reason.
      drainTimeoutMs: 2 * ttlMs,
    });
  }

  /** Every process that there is. */
  *processes(): Iterable<SimNode> {
    yield* this.nodes.values();
    yield* this.twins;
  }

  /** An operator stops those of a doubled name whom the lease does not name. */
  endDoubles(): void {
    for (const { nodeId } of [...this.twins]) {
      const named = this.postgres.tables.lease(nodeId)?.incarnation;
      const all = [...this.processes()].filter((one) => one.nodeId === nodeId);
      const kept = all.find(({ node }) => node.incarnation() === named) ?? all[0];
      for (const one of all) if (one !== kept) this.kill(one);
    }
  }

  /** A node that was not there before. */
  join(): void {
    this.start(`node-${this.#nodeIds.size + 1}`);
  }

  restart(nodeId: NodeId): void {
    if (!this.nodes.has(nodeId)) this.start(nodeId);
  }

  /** Whoever was ever there is up again. */
  restartAll(): void {
    for (const nodeId of this.#nodeIds) this.restart(nodeId);
  }

  /** Of every node that ever was. */
  get nodeIds(): readonly NodeId[] {
    return [...this.#nodeIds];
  }

  /** This node, or another that runs; null when nobody does. */
  running(nodeId: NodeId): SimNode | null {
    const first = this.nodes.get(nodeId);
    if (first?.process.isRunning === true) return first;
    return [...this.nodes.values()].find(({ process }) => process.isRunning) ?? null;
  }

  /** SIGTERM: the process hands over what it can and exits, also where lanes have failed: that is its exit code. */
  async leave(simNode: SimNode): Promise<void> {
    const { nodeId, node, process, lanes } = simNode;
    try {
      await node.drain(this.handoverMs);
    } catch (error) {
      if (!(error instanceof LaneJoinFailedError)) throw error;
      this.#options.say(`${nodeId} leaves with exit code 1: ${error.message}`);
      for (const { lane, cause } of error.failures) {
        if (lanes[lane]?.wasHarmed === true) continue;
        this.violations.push(`L1: ${nodeId} blames lane ${lane}, which was left alone: ${cause}`);
      }
    }
    if (process.isAlive) this.kill(simNode);
  }

  /** SIGKILL: the kernel closes its connections, and its pid is free. */
  kill({ nodeId, node, process, transport }: SimNode): void {
    const { say } = this.#options;
    say(`${nodeId} ends`);
    process.kill();
    this.#alive.delete(process.identity.pid);
    void transport.close();
    const life = node.incarnation();
    this.postgres.backends.endOf((name) => name.includes(life));
    for (const twin of this.twins) if (twin.process === process) this.twins.delete(twin);
    if (this.nodes.get(nodeId)?.process !== process) return;
    this.nodes.delete(nodeId);
    const heir = [...this.twins].find((twin) => twin.nodeId === nodeId);
    if (heir === undefined) return;
    this.twins.delete(heir);
    this.nodes.set(nodeId, heir);
  }

  #refusals() {
    return {
      isRefused: async (address: string) => this.refusing.has(address.slice("sim://".length)),
    };
  }

  #processTable(identity: ProcessIdentity) {
    const seenAlive = new Set<number>();
    return {
      self: () => identity,
      observe: ({ pid }: ProcessIdentity) => {
        if (this.#alive.has(pid)) seenAlive.add(pid);
      },
      isGone: ({ pid }: ProcessIdentity) => seenAlive.has(pid) && !this.#alive.has(pid),
    };
  }
}

/** Whether operators believe in refusals here. They must not, where something may refuse for the living. */
const trustRefused: boolean = false;

const tagOf = (message: unknown): string =>
  typeof message === "object" && message !== null && "tag" in message
    ? String(message.tag)
    : "data";
