import { MemoryPostgres } from "../../adapters/memory/index.ts";
import { createMemoryNetwork } from "../../adapters/memory/transport.ts";
import type { NodeId } from "../../core/ids.ts";
import { resolveOptions } from "../../options.ts";
import type { ProcessIdentity } from "../../ports/lease-session.ts";
import type { AnyEntityDefinition } from "../../runtime/entities/definition.ts";
import { LocalNode } from "../../runtime/local-node.ts";
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
}

export interface SimClusterOptions {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly shards: number;
  /** @unit milliseconds */
  readonly ttlMs: number;
  /** The rates of clocks differ from true time by up to this part. */
  readonly drift: number;
  readonly entities: (nodeId: NodeId) => readonly AnyEntityDefinition[];
  readonly say: (line: string) => void;
}

/** Whole nodes, each a process with a clock of its own, over one simulated database and network. */
export class SimCluster {
  readonly nodes = new Map<NodeId, SimNode>();
  readonly postgres: MemoryPostgres;
  readonly #options: SimClusterOptions;
  readonly #network;
  readonly #alive = new Set<number>();
  #lastPid = 0;

  constructor(options: SimClusterOptions) {
    this.#options = options;
    const { timeline, random, ttlMs } = options;
    this.postgres = new MemoryPostgres({ clock: worldClock(timeline, random.fork("server")) });
    const network = random.fork("network");
    this.#network = createMemoryNetwork({
      clock: worldClock(timeline, network),
      latencyMs: () => network.between(0.1, 1.5),
      silenceMs: 1.5 * ttlMs,
    });
  }

  /** Starts a process for this node id. A life that does not get up ends, as a real one exits. */
  start(nodeId: NodeId): SimNode {
    const { timeline, shards, ttlMs, drift, entities, say } = this.#options;
    this.#lastPid += 1;
    const pid = this.#lastPid;
    const random = this.#options.random.fork(`process ${pid}`);
    const rate = 1 + random.between(-drift, drift);
    const process = new SimProcess({ timeline, random, pid, rate });
    const wire = new SimWire(timeline, random.fork("wire"), process);
    const gate = new SimGate(timeline);
    const inner = this.#network.transport({ nodeId, incarnation: process.uuid() }, gate);
    const onArrival = (from: { nodeId: string }, message: unknown): void =>
      say(`${nodeId} <- ${from.nodeId} ${tagOf(message)}`);
    const transport = new SimTransport({ inner, process, timeline, random, onArrival });
    const options = resolveOptions({
      ...{ databaseUrl: "memory:", nodeId, shards, leaseTtlMs: ttlMs, handoffTimeoutMs: 2 * ttlMs },
      ...{ deadlineMs: 3 * ttlMs, entities: entities(nodeId) },
      log: (level, message, fields) => {
        if (process.isAlive && level !== "debug") {
          say(`${nodeId} says: ${message} ${JSON.stringify(fields ?? {})}`);
        }
      },
    });
    const client = { link: wire, clock: process };
    const ports = {
      sessions: this.postgres.sessions(client),
      store: this.postgres.store(client, ttlMs),
      ...{ transport, clock: process, processes: this.#processTable(process.identity) },
      refusals: null,
    };
    this.#alive.add(pid);
    const outside = {
      address: `sim://${nodeId}`,
      drops: inner.drops,
      close: () => transport.close(),
    };
    const node = new LocalNode(options, ports, outside);
    const simNode = { nodeId, node, process, wire, gate, transport };
    this.nodes.set(nodeId, simNode);
    say(`${nodeId} starts as process ${pid}`);
    node.start().catch((error: unknown) => {
      say(`${nodeId} did not start: ${String(error)}`);
      if (process.isAlive) this.kill(simNode);
    });
    return simNode;
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
    if (this.nodes.get(nodeId)?.process === process) this.nodes.delete(nodeId);
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

const tagOf = (message: unknown): string =>
  typeof message === "object" && message !== null && "tag" in message
    ? String(message.tag)
    : "data";
