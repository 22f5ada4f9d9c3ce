import type { ShardBelief } from "../core/belief.ts";
import { type ClusterState, findShard } from "../core/cluster.ts";
import type { CoordinatorOptions } from "../core/coordinator.ts";
import {
  type NodeId,
  type NodeRef,
  type Seq,
  type ShardRef,
  sameNode,
  shardKey,
} from "../core/ids.ts";
import type { GroupDeclaration, LogEntry, NodeInfo } from "../core/log.ts";
import { type Watches, watch } from "../core/membership.ts";
import type {
  AdminCommand,
  ControlMessage,
  FromCoordinator,
  ToCoordinator,
} from "../core/messages.ts";
import type { LogFn } from "../node-api.ts";
import type { Clock } from "../ports/clock.ts";
import type { Heartbeat, LeaseSessions } from "../ports/lease-session.ts";
import type { ProcessTable } from "../ports/processes.ts";
import type { StateStore } from "../ports/state-store.ts";
import type { Peer, Transport } from "../ports/transport.ts";
import { AdminClient } from "./admin-client.ts";
import { CoordinatorService } from "./coordinator-service.ts";
import type { Ask } from "./data-plane/ask.ts";
import type { Executor } from "./entities/executor.ts";
import type { Grant } from "./grant.ts";
import { Listeners } from "./listeners.ts";
import { NodeLease } from "./node-lease.ts";
import { pause } from "./pause.ts";
import { RegionService } from "./region-service.ts";
import { Registration } from "./registration.ts";
import { Replica } from "./replica.ts";
import { Serving } from "./serving.ts";

export interface RuntimeOptions {
  readonly nodeId: NodeId;
  readonly info: Omit<NodeInfo, "nodeId" | "incarnation">;
  readonly groups: readonly GroupDeclaration[];
  readonly ttlMs: number;
  readonly handoffTimeoutMs: number;
  readonly coordinator: CoordinatorOptions;
  readonly log: LogFn;
}

/** What the outside gives: everything that waits, sends, writes or tells the time. */
export interface RuntimePorts {
  readonly sessions: LeaseSessions;
  readonly store: StateStore;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly processes: ProcessTable;
}

/** The executor and the asks are made with the runtime's guard and views, so they are given late. */
export interface DataPlane {
  readonly ask: Ask;
  readonly executor: Executor;
}

/**
 * One node: its lease, its copy of the log, its region, and the coordinator that it may become.
 *
 * This file only connects them; each decision is made in one of them. The order in which they hear of
 * something matters and is written here: a lost lease reaches the region before anybody else, and the
 * log reaches the region before the senders, so that a request never arrives before its shard.
 */
export class NodeRuntime {
  readonly serving = new Serving();
  readonly replica: Replica;
  readonly lease: NodeLease;
  readonly coordinator: CoordinatorService;
  readonly region: RegionService;
  readonly onEntries = new Listeners<[readonly LogEntry[], ClusterState]>();
  readonly onReload = new Listeners<[ClusterState]>();
  readonly onShards = new Listeners<[readonly ShardBelief[], readonly ShardRef[]]>();
  leaseLosses = 0;
  /** When Postgres last answered a heartbeat, on the monotonic clock; null before. */
  postgresAtMs: number | null = null;
  readonly #options: RuntimeOptions;
  readonly #ports: RuntimePorts;
  readonly plane: DataPlane;
  readonly #admin: AdminClient;
  readonly #registration: Registration;
  readonly #unsubscribe: (() => void)[] = [];
  #watches: Watches = new Map();
  #addresses: ReadonlyMap<NodeId, Peer> = new Map();
  #isLeaving = false;
  #cancelLead: (() => void) | null = null;

  constructor(
    options: RuntimeOptions,
    ports: RuntimePorts,
    plane: (runtime: NodeRuntime) => DataPlane,
  ) {
    this.#options = options;
    this.#ports = ports;
    const { clock, store, sessions, processes, transport } = ports;
    const { nodeId, ttlMs, log } = options;
    this.replica = new Replica(
      store,
      clock,
      { entries: (e, s) => this.#entries(e, s), reload: (s) => this.#reload(s) },
      log,
    );
    this.lease = new NodeLease(
      { nodeId, address: options.info.address, ttlMs, sessions, clock, processes, log },
      {
        held: (grant) => this.#held(grant),
        lost: () => this.#lost(),
        heartbeat: (beat, sentAtMs, receivedAtMs) => this.#heard(beat, sentAtMs, receivedAtMs),
        sessionLost: () => this.coordinator.sessionLost(),
      },
    );
    this.coordinator = new CoordinatorService(
      { lease: this.lease, store, clock, processes, ttlMs, core: options.coordinator, log },
      {
        committed: (history, entries) => this.#committed(history, entries),
        send: (to, message) => this.#direct(to, message),
      },
    );
    this.plane = plane(this);
    this.region = new RegionService(
      {
        transport,
        executor: this.plane.executor,
        serving: this.serving,
        clock,
        handoffTimeoutMs: options.handoffTimeoutMs,
        log,
        cluster: () => this.replica.state,
      },
      {
        report: (message) => this.#toCoordinator(message),
        changed: (changed, gone) => this.#shardsChanged(changed, gone),
      },
    );
    this.#admin = new AdminClient({
      clock,
      coordinator: () => this.replica.state.coordinator,
      send: (to, message) => this.#sendTo(to, message),
      seq: () => this.replica.state.seq,
    });
    this.#registration = new Registration({
      clock,
      groups: options.groups,
      info: (self) => ({ ...options.info, ...self }),
      log,
      isMember: (self) => this.#isMember(self),
      send: (message) => this.#toCoordinator(message),
    });
  }

  /** Takes the lease, follows the log, joins. @throws when Postgres, the node id or the cluster refuse. */
  async start(): Promise<void> {
    const { transport, store } = this.#ports;
    this.#unsubscribe.push(
      transport.onPeer((peer, state) => this.#peer(peer, state)),
      transport.onMessage((from, channel, message) => this.#receive(from, channel, message)),
      store.onChange(() => this.replica.catchUp()),
      this.plane.executor.onMessage((message) => this.region.fromExecutor(message)),
    );
    await this.replica.load();
    await this.lease.start();
    this.#campaign();
    await this.#registration.joined;
  }

  self(): NodeRef {
    return { nodeId: this.#options.nodeId, incarnation: this.lease.incarnation };
  }

  isReady(): boolean {
    return (
      !this.#isLeaving && this.lease.grant?.checkAlive() === true && this.#isMember(this.self())
    );
  }

  async admin(
    command: AdminCommand,
    deadlineMs: number,
  ): Promise<{ seq: Seq; planId: string | null }> {
    return await this.#admin.ask(command, deadlineMs);
  }

  leaseAges(): ReadonlyMap<NodeId, number> {
    const nowMs = this.#ports.clock.monotonicMs();
    return new Map([...this.#watches].map(([nodeId, seen]) => [nodeId, nowMs - seen.changedAtMs]));
  }

  /** Live leases, registered or not. */
  leases(): Watches {
    return this.#watches;
  }

  /** Hands every shard over, as far as there is somebody to take them. */
  async handOver(timeoutMs: number): Promise<void> {
    const { clock } = this.#ports;
    this.#isLeaving = true;
    const endMs = clock.monotonicMs() + timeoutMs;
    if (!this.#hasSuccessor()) return;
    await this.admin({ tag: "drain", by: "shutdown", nodeId: this.#options.nodeId }, timeoutMs);
    while (clock.monotonicMs() < endMs && this.lease.grant !== null) {
      const state = this.replica.state.nodes.get(this.#options.nodeId)?.state;
      if (state === "drained" && this.region.holdsNothing()) return;
      if (!this.#hasSuccessor()) return;
      await pause(clock, 10);
    }
  }

  /** Releases the lease and lets go of everything. Serves nothing afterwards. */
  async stop(): Promise<void> {
    this.#isLeaving = true;
    this.#cancelLead?.();
    this.#registration.end();
    await this.coordinator.stop();
    await this.lease.release();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  #hasSuccessor(): boolean {
    for (const row of this.replica.state.nodes.values()) {
      if (row.nodeId !== this.#options.nodeId && row.state === "up" && !row.cordoned) return true;
    }
    return false;
  }

  #isMember(self: NodeRef): boolean {
    const row = this.replica.state.nodes.get(self.nodeId);
    return row !== undefined && sameNode(row, self) && row.state !== "dead";
  }

  // ---- lease

  #held(grant: Grant): void {
    this.#ports.transport.setIncarnation(grant.holder.incarnation);
    this.region.begin(grant);
    this.#registration.begin(grant.holder);
  }

  #lost(): void {
    this.region.end();
    this.leaseLosses += this.#isLeaving ? 0 : 1;
    this.coordinator.sessionLost();
    this.#registration.end();
  }

  #heard(beat: Heartbeat, sentAtMs: number, receivedAtMs: number): void {
    this.postgresAtMs = receivedAtMs;
    this.#watches = watch(this.#watches, beat.leases, receivedAtMs);
    const alive = beat.leases.filter((lease) => lease.state === "alive");
    for (const lease of alive)
      if (lease.process !== null) this.#ports.processes.observe(lease.process);
    this.#addresses = new Map(
      alive.map(({ nodeId, incarnation, address }) => [nodeId, { nodeId, incarnation, address }]),
    );
    this.#connect();
    this.replica.seen(beat.coordinator.history, beat.coordinator.seq, sentAtMs);
    this.coordinator.heard(beat.leases, this.#watches);
  }

  // ---- the mesh

  /** Members by the log, and lives that hold a lease but have not joined yet. */
  #connect(): void {
    const peers = new Map(this.#addresses);
    for (const row of this.replica.state.nodes.values()) {
      // A drained node without a lease has left.
      if (row.state === "dead" || row.state === "drained" || peers.has(row.nodeId)) continue;
      const { nodeId, incarnation, address } = row;
      peers.set(nodeId, { nodeId, incarnation, address });
    }
    peers.delete(this.#options.nodeId);
    this.#ports.transport.setPeers([...peers.values()]);
  }

  #peer(peer: NodeRef, state: "up" | "down"): void {
    if (state === "up") {
      this.plane.ask.peerUp(peer);
      this.region.peerUp(peer);
      if (this.#leads(peer)) this.#registration.again();
      return;
    }
    this.plane.ask.peerDown(peer);
    this.#admin.lost(peer);
    // A connection that closes is often a death. The proof is looked for at once, and again while the
    // kernel cleans up; without one nothing follows from it.
    for (const delayMs of [0, 10, 20, 40, 80, 160, 320]) {
      this.#ports.clock.after(delayMs, () => {
        this.coordinator.checkMembers();
        if (delayMs <= 40 && this.#leads(peer)) void this.coordinator.tryLead();
      });
    }
  }

  #leads(node: NodeRef): boolean {
    const { coordinator } = this.replica.state;
    return coordinator !== null && sameNode(coordinator, node);
  }

  #receive(from: NodeRef, channel: string, message: unknown): void {
    if (channel === "data" && Array.isArray(message)) return this.plane.ask.onData(from, message);
    if (typeof message !== "object" || message === null || !("tag" in message)) {
      return this.#options.log("warn", "a message without a tag", { from: from.nodeId, channel });
    }
    const known = message as ControlMessage;
    if (known.tag === "state-chunk" || known.tag === "state-taken")
      this.region.receiveState(from, known);
    else this.#receiveControl(from, known);
  }

  #receiveControl(from: NodeRef, message: ToCoordinator | FromCoordinator): void {
    switch (message.tag) {
      case "log":
        return this.replica.receive(message.history, message.entries);
      case "admin-answer":
        return this.#admin.answered(message.requestId, message.answer);
      case "admin":
        if (this.coordinator.isActive()) return this.coordinator.receive(from, message);
        return this.#direct(from, {
          tag: "admin-answer",
          requestId: message.requestId,
          answer: {
            ok: false,
            code: "NOT_COORDINATOR",
            why: `${this.#options.nodeId} does not lead.`,
          },
        });
      case "region-registered":
      case "region-refused":
      case "host-shards":
      case "begin-handoffs":
      case "stop-shards":
        return this.#obey(from, message);
      default:
        return this.coordinator.receive(from, message);
    }
  }

  /** A directive is obeyed only from the node that holds the term, and only by the life it was meant for. */
  #obey(from: NodeRef, message: Extract<FromCoordinator, { incarnation: string }>): void {
    const { term } = this.replica.state;
    if (message.incarnation !== this.lease.incarnation) return;
    if (message.term < term || (message.term === term && !this.#leads(from))) return;
    if (message.term > term) this.replica.catchUp();
    if (message.tag === "region-refused") this.#registration.refused(message);
    else if (message.tag === "region-registered") this.replica.catchUp();
    else this.region.receive(message);
  }

  #direct(to: NodeRef, message: FromCoordinator): void {
    if (sameNode(to, this.self())) this.#receiveControl(to, message);
    else this.#ports.transport.send(to.nodeId, "control", message, "control");
  }

  #toCoordinator(message: ToCoordinator): void {
    const { coordinator } = this.replica.state;
    if (coordinator !== null) this.#sendTo(coordinator, message);
  }

  #sendTo(to: NodeRef, message: ToCoordinator): boolean {
    if (sameNode(to, this.self())) {
      this.#receiveControl(to, message);
      return true;
    }
    return this.#ports.transport.send(to.nodeId, "control", message, "control") === "queued";
  }

  // ---- the log

  #committed(history: string, entries: readonly LogEntry[]): void {
    this.replica.receive(history, entries);
    const { term } = this.replica.state;
    for (const peer of this.#ports.transport.connected()) {
      this.#direct(peer, { tag: "log", term, history, entries });
    }
  }

  #entries(entries: readonly LogEntry[], state: ClusterState): void {
    this.region.follow(entries);
    const moved = new Map<string, ShardRef>();
    for (const entry of entries) if ("shard" in entry) moved.set(shardKey(entry), entry);
    this.plane.ask.logMoved(moved.values());
    for (const entry of entries) if (entry.type === "node-dead") this.plane.ask.peerDown(entry);
    if (entries.some((entry) => entry.type === "coordinator-elected")) this.#newCoordinator();
    if (entries.some((entry) => entry.type.startsWith("node-"))) this.#connect();
    this.#registration.logMoved();
    this.onEntries.emit(entries, state);
  }

  #reload(state: ClusterState): void {
    this.region.reload(state);
    this.plane.ask.logReloaded();
    this.#newCoordinator();
    this.#connect();
    this.#registration.logMoved();
    this.onReload.emit(state);
  }

  #newCoordinator(): void {
    this.#registration.again();
    const claims = this.region.claims();
    if (claims !== null) this.#toCoordinator(claims);
  }

  #shardsChanged(changed: readonly ShardBelief[], gone: readonly ShardRef[]): void {
    this.plane.ask.hostingChanged([...changed, ...gone]);
    this.onShards.emit(changed, gone);
  }

  /** How this node holds a shard, for requests that arrive. */
  hosting(ref: ShardRef): { phase: "serving" | "draining" | "none"; epoch: number } {
    const known = findShard(this.replica.state, ref)?.epoch ?? 0;
    const phase = this.region.phaseOf(ref);
    if (phase === "serving") return { phase, epoch: this.serving.epochOf(ref) };
    return { phase: phase === null ? "none" : "draining", epoch: known };
  }

  // ---- leading

  #campaign(): void {
    const delayMs = (this.#options.ttlMs / 20) * (0.75 + this.#ports.clock.random() / 2);
    void this.coordinator.tryLead();
    this.#cancelLead = this.#ports.clock.after(delayMs, () => {
      if (!this.#isLeaving) this.#campaign();
    });
  }
}
