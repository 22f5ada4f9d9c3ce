import { MemoryPostgres } from "../adapters/memory/index.ts";
import { ManualClock } from "../adapters/memory/manual-clock.ts";
import type { MemoryLink } from "../adapters/memory/memory-link.ts";
import { createMemoryNetwork } from "../adapters/memory/transport.ts";
import type { ClusterState, ShardRow } from "../core/cluster.ts";
import type { NodeId } from "../core/ids.ts";
import { type LoadedOptions, resolveOptions } from "../options.ts";
import type { Journal } from "../ports/journal.ts";
import type { ProcessIdentity } from "../ports/lease-session.ts";
import type { Transport } from "../ports/transport.ts";
import { LocalNode } from "../runtime/local-node.ts";
import { LinkCuts } from "./link-cuts.ts";
import { type MemoryLane, MemoryLanes } from "./memory-lanes.ts";

export interface MemoryClusterOptions extends Omit<LoadedOptions, "databaseUrl"> {
  /** Of one frame, one way. @unit milliseconds @default 1 */
  readonly latencyMs?: number;
  /** Without it each coordinator begins with nothing but what the regions claim. @default true */
  readonly remembers?: boolean;
  /** Whether nodes can see that another one's process is gone. @default true */
  readonly shareHost?: boolean;
}

/** @unit milliseconds */
const leaseTtlMs = 1_000;

/** A node of a {@link MemoryCluster}, with what a test may do to it. */
export interface MemoryNode {
  readonly node: LocalNode;
  /** The wire to Postgres: a black hole while it is cut. */
  readonly postgres: Wire;
  readonly lanes: readonly MemoryLane[];
  /** SIGKILL: nothing of it runs on, its connections end, its process is gone. */
  kill(): void;
  /** The same, but the server does not notice that its appends' connections have lost their client. */
  vanish(): void;
}

/**
 * Whole nodes in one process: the real core, runtime, executor and data plane over Postgres, network
 * and time in memory. Nothing happens but in `run`.
 */
export class MemoryCluster {
  readonly clock = new ManualClock();
  readonly postgres: MemoryPostgres;
  readonly links = new LinkCuts();
  readonly nodes = new Map<NodeId, MemoryNode>();
  readonly log: string[] = [];
  readonly #options: MemoryClusterOptions;
  readonly #network;
  readonly #alive = new Set<number>();
  #lastPid = 0;

  constructor(options: MemoryClusterOptions) {
    this.#options = options;
    const { remembers = true } = options;
    this.postgres = new MemoryPostgres({ clock: this.clock, remembers });
    const latencyMs = options.latencyMs ?? 1;
    this.#network = createMemoryNetwork({
      clock: this.clock,
      latencyMs: () => latencyMs,
      silenceMs: 0.6 * (options.leaseTtlMs ?? leaseTtlMs),
    });
  }

  /** Starts a node; resolve with `run`. */
  add(nodeId: NodeId, more: Partial<LoadedOptions> = {}): MemoryNode & { started: Promise<void> } {
    const { clock } = this;
    const options = resolveOptions({
      leaseTtlMs,
      shards: 16,
      ...this.#options,
      ...more,
      databaseUrl: "memory:",
      nodeId,
      log: (level, message, fields) => {
        if (level !== "debug")
          this.log.push(
            `${clock.monotonicMs()} ${nodeId} ${message} ${JSON.stringify(fields ?? {})}`,
          );
      },
    });
    const wire = new Wire();
    const client = { link: wire };
    const self = { nodeId, incarnation: clock.uuid() };
    const transport = this.#network.transport(self, this.links.gateOf(nodeId));
    const identity = this.#spawn();
    const { shareHost = true } = this.#options;
    const refusals = {
      isRefused: async (address: string) => !this.nodes.has(address.slice("memory://".length)),
    };
    const seenAlive = new Set<number>();
    const processes = {
      self: () => identity,
      observe: ({ pid }: ProcessIdentity) => {
        if (shareHost && this.#alive.has(pid)) seenAlive.add(pid);
      },
      isGone: ({ pid }: ProcessIdentity) => seenAlive.has(pid) && !this.#alive.has(pid),
    };
    const { entities, lanes: count } = options;
    const journal = (): Journal => this.postgres.journal(client);
    const lanes =
      count > 1
        ? new MemoryLanes({ lanes: count, clock, entities: () => entities, journal })
        : null;
    const ports = {
      sessions: this.postgres.sessions(client),
      store: this.postgres.store(client),
      journal: this.postgres.journal(client),
      feed: this.postgres.feed(client),
      transport,
      clock,
      processes,
      refusals: options.trustRefused ? refusals : null,
      ...(lanes === null ? {} : { lanes }),
    };
    const outside = {
      address: `memory://${nodeId}`,
      drops: transport.drops,
      close: () => transport.close(),
    };
    const node = new LocalNode(options, ports, outside);
    const vanish = (): void => {
      this.#alive.delete(identity.pid);
      this.nodes.delete(nodeId);
      // What still runs of it can reach nobody: the server ends its sessions, the peers their links.
      wire.sever();
      const row = this.postgres.tables.lease(nodeId);
      if (row !== null) this.postgres.backends.terminate(row.backend);
      void transport.close();
      for (const lane of lanes?.threads ?? []) void lane.terminate();
    };
    const kill = (): void => {
      vanish();
      this.postgres.backends.endOf((name) => name.startsWith(`journal ${node.incarnation()}`));
    };
    const started = node.start();
    started.catch((error: unknown) => this.log.push(`${nodeId} did not start: ${String(error)}`));
    const memoryNode = { node, postgres: wire, lanes: lanes?.threads ?? [], kill, vanish };
    this.nodes.set(nodeId, memoryNode);
    return { ...memoryNode, started };
  }

  /** Somebody who has the secret and a link to every node, and no lease: no member of the cluster. */
  stranger(nodeId: NodeId): Transport {
    const self = { nodeId, incarnation: this.clock.uuid() };
    const transport = this.#network.transport(self);
    transport.setPeers(
      [...this.nodes.keys()].map((peer) => ({
        ...{ nodeId: peer, incarnation: this.incarnationOf(peer), address: `memory://${peer}` },
      })),
    );
    return transport;
  }

  incarnationOf(nodeId: NodeId): string {
    return this.postgres.tables.lease(nodeId)?.incarnation ?? "";
  }

  /** Lets time pass, a millisecond at a time, with everything that follows from it. */
  async run(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1) {
      this.clock.advance(1);
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
  }

  /** @throws with the sentence, the log and the rows, when it does not come true in time. */
  async until(sentence: string, isTrue: () => boolean, timeoutMs = 20_000): Promise<number> {
    const startMs = this.clock.monotonicMs();
    while (!isTrue()) {
      if (this.clock.monotonicMs() - startMs > timeoutMs) {
        throw new Error(
          `Did not come true in ${timeoutMs} ms: ${sentence}\n${this.log.slice(-40).join("\n")}`,
        );
      }
      await this.run(1);
    }
    return this.clock.monotonicMs() - startMs;
  }

  /** A result that time has to pass for. */
  async result<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const done = (): void => {
      isSettled = true;
    };
    promise.then(done, done);
    await this.until("the promise settles", () => isSettled, 60_000);
    return await promise;
  }

  /** The rows as the server has them. */
  get state(): ClusterState {
    return this.postgres.tables.state();
  }

  rows(): readonly ShardRow[] {
    return this.state.shards.get("default") ?? [];
  }

  isAllHosted(): boolean {
    const rows = this.rows();
    return rows.length > 0 && rows.every((row) => row.state === "hosted");
  }

  async stop(): Promise<void> {
    await this.result(Promise.all([...this.nodes.values()].map(({ node }) => node.stop())));
  }

  #spawn(): ProcessIdentity {
    this.#lastPid += 1;
    this.#alive.add(this.#lastPid);
    return { bootId: "b", pidNamespace: "n", pid: this.#lastPid, startTime: "1" };
  }
}

/** The wire between a node and the server. */
export class Wire implements MemoryLink {
  #held: (() => void)[] = [];
  #state: "open" | "cut" | "severed" = "open";

  /** Bytes stop, nobody is told. */
  cut(): void {
    this.#state = "cut";
  }

  heal(): void {
    this.#state = "open";
    for (const deliver of this.#held.splice(0)) deliver();
  }

  /** For good: what was under way is lost. */
  sever(): void {
    this.#state = "severed";
    this.#held = [];
  }

  pass(_direction: "out" | "in", deliver: () => void): void {
    if (this.#state === "open") deliver();
    else if (this.#state === "cut") this.#held.push(deliver);
  }
}
