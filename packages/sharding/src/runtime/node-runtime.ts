import type { HostingView } from "../core/admission.ts";
import { disagreeOnGroups } from "../core/agreement.ts";
import type { ShardBelief } from "../core/belief.ts";
import { type ClusterState, findShard, isProxy } from "../core/cluster.ts";
import { type NodeRef, type ShardRef, sameNode, shardKey } from "../core/ids.ts";
import type { LogEntry } from "../core/log.ts";
import type { AdminCommand, EventMessage, ToCoordinator } from "../core/messages.ts";
import { RegionRefusedError } from "../errors.ts";
import type { Heartbeat } from "../ports/lease-session.ts";
import type { ChangeHint } from "../ports/state-store.ts";
import { AdminClient, type AdminOutcome } from "./admin-client.ts";
import { Broadcast } from "./broadcast.ts";
import { ControlPlane } from "./control-plane.ts";
import { CoordinatorService } from "./coordinator-service.ts";
import { Correspondence } from "./correspondence.ts";
import { broadcastKind } from "./data-plane/wire.ts";
import type { Grant } from "./grant.ts";
import { handOver } from "./hand-over.ts";
import { Listeners } from "./listeners.ts";
import { LoadReports } from "./load-reports.ts";
import { NodeLease } from "./node-lease.ts";
import { Peers } from "./peers.ts";
import { RegionService } from "./region-service.ts";
import { Registration } from "./registration.ts";
import { Replica } from "./replica.ts";
import type { DataPlane, RuntimeOptions, RuntimePorts } from "./runtime-ports.ts";
import { Serving } from "./serving.ts";

/**
 * One node: its lease, its copy of the log, its region, and the coordinator that it may become.
 *
 * This file only connects them (which is why it is long); each decision is made in one of them. The order in
 * which they hear of something matters and is written here: a lost lease reaches the region before anybody
 * else, and the log reaches the region before the senders, so that a request never arrives before its shard.
 */
export class NodeRuntime {
  readonly serving = new Serving();
  readonly replica: Replica;
  readonly lease: NodeLease;
  readonly peers: Peers;
  readonly coordinator: CoordinatorService;
  readonly region: RegionService;
  readonly loads: LoadReports;
  readonly plane: DataPlane;
  readonly broadcast: Broadcast;
  readonly onEntries = new Listeners<[readonly LogEntry[], ClusterState]>();
  readonly onReload = new Listeners<[ClusterState]>();
  readonly onEvents = new Listeners<[NodeRef, EventMessage]>();
  readonly onShards = new Listeners<[readonly ShardBelief[], readonly ShardRef[]]>();
  leaseLosses = 0;
  /** When Postgres last answered a heartbeat, on the monotonic clock; null before. */
  postgresAtMs: number | null = null;
  readonly #options: RuntimeOptions;
  readonly #ports: RuntimePorts;
  readonly #control: ControlPlane;
  readonly #admin: AdminClient;
  readonly #registration: Registration;
  readonly #letters: Correspondence;
  readonly #unsubscribe: (() => void)[] = [];
  #isLeaving = false;
  #cancelCampaign: (() => void) | null = null;

  constructor(
    options: RuntimeOptions,
    ports: RuntimePorts,
    plane: (runtime: NodeRuntime) => DataPlane,
  ) {
    this.#options = options;
    this.#ports = ports;
    const { nodeId, ttlMs, log, coordinatorLease } = options;
    const { clock, store, sessions, processes, transport } = ports;
    const cluster = (): ClusterState => this.replica.state;
    this.replica = new Replica(
      store,
      clock,
      { entries: (e, s) => this.#entries(e, s), reload: (s) => this.#reload(s) },
      log,
    );
    this.lease = new NodeLease(
      {
        ...{ nodeId, address: options.info.address, ttlMs, sessions, clock, processes, log },
        unreached: () => this.peers.unreached(),
        quiet: () => this.plane.quiet?.(),
      },
      {
        held: (grant) => this.#held(grant),
        lost: () => this.#lost(),
        heartbeat: (beat, sentAtMs, receivedAtMs) => this.#heard(beat, sentAtMs, receivedAtMs),
        sessionLost: () => this.coordinator.sessionLost(),
      },
    );
    this.peers = new Peers(
      { nodeId, ttlMs, transport, clock, processes, refusals: ports.refusals, cluster, log },
      {
        suspect: (peer, again) => this.#suspect(peer, again),
        refused: (peer) => this.coordinator.refused(peer),
      },
    );
    this.coordinator = new CoordinatorService(
      {
        lease: this.lease,
        store,
        clock,
        processes,
        ttlMs,
        core: options.coordinator,
        cluster,
        isProxy: this.isProxy,
        log,
        seen: () => this.replica.furthest,
        copy: () => this.replica.undoubted,
        coordinatorLease,
      },
      {
        committed: (history, entries) => {
          // The others first: they open their shards while this node opens its own.
          this.#control.push(history, entries);
          this.replica.receive(history, entries);
        },
        send: (to, message) => this.#control.direct(to, message),
        unauthorized: (from, tag) => this.#control.unauthorized(from, tag),
        ended: (untaken) => {
          for (const { from, requestId } of untaken) this.#control.refuseAdmin(from, requestId);
          this.#admin.lost(this.self());
        },
      },
    );
    this.loads = new LoadReports({
      ...{ clock, groups: options.groups, term: () => this.replica.state.term },
      coordinator: () => this.replica.state.coordinator,
      send: (to, message) => void this.#control.sendTo(to, message),
    });
    this.plane = plane(this);
    const { drops } = options;
    this.broadcast = new Broadcast({ transport, clock, drops, log, self: () => this.self() });
    const { executor } = this.plane;
    const { handoffTimeoutMs } = options;
    this.region = new RegionService(
      { transport, executor, serving: this.serving, clock, handoffTimeoutMs, log, cluster },
      {
        report: (message) => this.#control.toCoordinator(message),
        changed: (changed, gone) => this.#shardsChanged(changed, gone),
      },
    );
    this.#control = this.#createControl();
    this.#admin = this.#createAdmin();
    this.#registration = new Registration({
      clock,
      groups: options.groups,
      info: (self) => ({ ...options.info, ...self }),
      log,
      isMember: (self) => this.#isMember(self),
      send: (message) => this.#control.toCoordinator(message),
    });
    this.#letters = this.#createLetters();
  }

  /** Takes the lease, follows the log, joins. @throws when Postgres, the node id or the cluster refuse. */
  async start(): Promise<void> {
    const { transport, store } = this.#ports;
    this.#unsubscribe.push(
      transport.onPeer((peer, state) => this.#peer(peer, state)),
      transport.onMessage((from, channel, message) =>
        this.#control.receive(from, channel, message),
      ),
      store.onChange((hint) => this.#changed(hint)),
      this.plane.executor.onMessage((message) => this.region.fromExecutor(message)),
    );
    await this.replica.load();
    // Before it has a lease, and so before it could lead: the rows outlive every coordinator.
    const { groups } = this.#options;
    const refusal = disagreeOnGroups(this.replica.state.groups, groups);
    if (refusal !== null) throw new RegionRefusedError(refusal.why);
    await this.lease.start();
    this.#campaign();
    this.loads.start();
    if (this.isProxy) this.#sayWhatIsMissing();
    await this.#registration.joined;
  }

  get isProxy(): boolean {
    return isProxy(this.#options.info);
  }

  self(): NodeRef {
    return { nodeId: this.#options.nodeId, incarnation: this.lease.incarnation };
  }

  isReady(): boolean {
    const isHeld = this.lease.grant?.checkAlive() === true;
    const isEvicted = this.replica.state.nodes.get(this.#options.nodeId)?.state === "evicted";
    const isJoined = !this.#isLeaving && isHeld && !isEvicted && this.#isMember(this.self());
    return isJoined && (!this.isProxy || this.#reachesHost());
  }

  /** A proxy is of use only while it does. */
  #reachesHost(): boolean {
    const { nodes } = this.replica.state;
    return this.#ports.transport.connected().some(({ nodeId }) => {
      const row = nodes.get(nodeId);
      return row !== undefined && !isProxy(row);
    });
  }

  async admin(command: AdminCommand, deadlineMs: number): Promise<AdminOutcome> {
    return await this.#admin.ask(command, deadlineMs);
  }

  /** Hands every shard over, as far as there is somebody to take them. */
  async handOver(timeoutMs: number): Promise<void> {
    const { nodeId, ttlMs } = this.#options;
    const { clock } = this.#ports;
    this.#isLeaving = true;
    const cluster = (): ClusterState => this.replica.state;
    const ports = {
      ...{ nodeId, ttlMs, clock, cluster },
      hasLease: () => this.lease.grant !== null,
      holdsNothing: () => this.region.holdsNothing(),
      admin: (command: AdminCommand, deadlineMs: number) => this.admin(command, deadlineMs),
    };
    await handOver(ports, timeoutMs);
  }

  /** Releases the lease and lets go of everything. Serves nothing afterwards. */
  async stop(): Promise<void> {
    this.#isLeaving = true;
    this.#cancelCampaign?.();
    this.loads.stop();
    this.#registration.end();
    await this.coordinator.stop();
    await this.lease.release();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  /** How this node holds a shard, for requests that arrive. */
  hosting(ref: ShardRef): HostingView {
    const known = findShard(this.replica.state, ref)?.epoch ?? 0;
    const phase = this.region.phaseOf(ref);
    if (phase === "serving") return { phase, epoch: this.serving.epochOf(ref) };
    return { phase: phase === null ? "none" : "draining", epoch: known };
  }

  #createAdmin(): AdminClient {
    return new AdminClient({
      clock: this.#ports.clock,
      coordinator: () => this.replica.state.coordinator,
      term: () => this.replica.state.term,
      send: (to, message) => this.#control.sendTo(to, message),
      write: (message) => this.#letters.ask(message),
      forget: (requestId) => this.#letters.forget(requestId),
      seq: () => this.replica.state.seq,
    });
  }

  #createControl(): ControlPlane {
    const { transport } = this.#ports;
    const { log } = this.#options;
    const cluster = (): ClusterState => this.replica.state;
    const timeline = (): number | null => this.lease.timeline;
    return new ControlPlane(
      { transport, self: () => this.self(), cluster, timeline, log, drops: this.#options.drops },
      {
        isLeading: () => this.coordinator.isActive(),
        toCoordinator: (from, message) => void this.#toCoordinator(from, message),
        order: (message) => this.region.receive(message),
        refused: (message) => this.#registration.refused(message),
        answered: (...answer) => this.#admin.answered(...answer),
        log: (history, entries) => this.replica.receive(history, entries),
        behind: () => this.replica.catchUp(),
        state: (from, message) => this.region.receiveState(from, message),
        request: (from, tuple) => {
          if (tuple[0] === broadcastKind) this.broadcast.receive(from, tuple);
          else this.plane.ask.onData(from, tuple);
        },
        events: (from, message) => this.onEvents.emit(from, message),
        unsent: (message) => this.#letters.unsent(message),
        told: (to, message, wasSent) => this.#letters.answer(to, message, wasSent),
      },
    );
  }

  #createLetters(): Correspondence {
    const { transport, store } = this.#ports;
    return new Correspondence({
      letters: store.letters,
      self: () => this.self(),
      coordinator: () => this.replica.state.coordinator,
      term: () => this.replica.state.term,
      leads: () => this.coordinator.term(),
      isConnected: (node) => transport.connected().some((peer) => sameNode(peer, node)),
      unanswered: () => [...this.#registration.unanswered(), ...this.region.unanswered()],
      toCoordinator: (from, message) => this.#control.receiveControl(from, message),
      fromCoordinator: (from, message) => this.#control.receiveControl(from, message),
      log: this.#options.log,
    });
  }

  #isMember(self: NodeRef): boolean {
    const row = this.replica.state.nodes.get(self.nodeId);
    return row !== undefined && sameNode(row, self) && row.state !== "dead";
  }

  // The lease

  #held(grant: Grant): void {
    this.#ports.transport.setIncarnation(grant.holder.incarnation);
    this.region.begin(grant);
    this.#registration.begin(grant.holder);
  }

  #lost(): void {
    this.region.end();
    if (!this.#isLeaving) {
      this.replica.doubt();
      this.leaseLosses += 1;
    }
    this.coordinator.sessionLost();
    this.#registration.end();
  }

  #heard(beat: Heartbeat, sentAtMs: number, receivedAtMs: number): void {
    this.postgresAtMs = receivedAtMs;
    this.peers.heard(beat.leases, receivedAtMs);
    this.replica.seen(beat.coordinator.history, beat.coordinator.seq, sentAtMs);
    this.coordinator.heard(beat.leases, this.peers.watches);
    this.#letters.heard(beat.letters);
  }

  // Other nodes

  #peer(peer: NodeRef, state: "up" | "down"): void {
    this.peers.seeLinks();
    if (state === "up") {
      this.plane.ask.peerUp(peer);
      this.#letters.peerUp(peer);
      this.region.peerUp(peer);
      if (this.#control.leads(peer)) this.#newCoordinator();
      void this.#meet(peer);
      return;
    }
    this.plane.ask.peerDown(peer);
    this.broadcast.peerDown(peer);
    this.#admin.lost(peer);
    this.peers.down(peer);
  }

  /** A life joins only once its lease has been read: without one nobody could ever tell that it ended. */
  async #toCoordinator(from: NodeRef, message: ToCoordinator): Promise<void> {
    if (message.tag === "register-region" && !sameNode(from, this.self())) {
      await this.#meet(from);
      if (!this.peers.knows(from)) return;
    }
    this.coordinator.receive(from, message);
  }

  /** Reads the lease of a life that has just come up, now instead of at the next heartbeat. */
  async #meet(peer: NodeRef): Promise<void> {
    // A heartbeat under way may have been sent before that life took its lease: then one more.
    for (let beats = 0; beats < 2 && !this.peers.knows(peer); beats += 1) await this.lease.beat();
  }

  #suspect(peer: NodeRef, again: number): void {
    this.coordinator.checkMembers();
    // At 0, 10, 20 and 40 ms: the server frees a killed coordinator's lock within milliseconds.
    if (again <= 3 && this.#control.leads(peer)) void this.coordinator.tryLead();
  }

  #campaign(): void {
    const { clock } = this.#ports;
    void this.coordinator.tryLead();
    const delayMs = (this.#options.ttlMs / 20) * (0.75 + clock.random() / 2);
    this.#cancelCampaign = clock.after(delayMs, () => {
      if (!this.#isLeaving) this.#campaign();
    });
  }

  /** Somebody may have started nothing but proxies. */
  #sayWhatIsMissing(): void {
    const { ttlMs, log } = this.#options;
    const look = (): void => {
      if (this.#isMember(this.self())) return;
      log("warn", "a proxy waits for a node that hosts shards: without one nobody leads");
    };
    this.#unsubscribe.push(this.#ports.clock.after(2 * ttlMs, look));
  }

  // The log

  #changed({ seq, lettersTo }: ChangeHint): void {
    if (lettersTo === undefined) {
      if (seq === null || !this.#hearsCoordinator()) this.replica.catchUp();
      else this.replica.expect(seq);
      return;
    }
    const toNode = lettersTo === this.#options.nodeId;
    this.#letters.look({ toCoordinator: lettersTo === "", toNode });
  }

  #hearsCoordinator(): boolean {
    const lives = [this.self(), ...this.#ports.transport.connected()];
    return lives.some((life) => this.#control.leads(life));
  }

  #entries(entries: readonly LogEntry[], state: ClusterState): void {
    this.region.follow(entries);
    const moved = new Map<string, ShardRef>();
    for (const entry of entries) if ("shard" in entry) moved.set(shardKey(entry), entry);
    this.plane.ask.logMoved(moved.values());
    for (const entry of entries) if (entry.type === "node-dead") this.plane.ask.peerDown(entry);
    if (entries.some((entry) => entry.type === "coordinator-elected")) this.#newCoordinator();
    // What was claimed before that was not heard: claims count only from members.
    else if (entries.some((entry) => isJoinOf(entry, this.self()))) this.#claim();
    if (entries.some((entry) => entry.type.startsWith("node-"))) this.peers.connect();
    this.#registration.logMoved();
    this.onEntries.emit(entries, state);
  }

  #reload(state: ClusterState): void {
    this.region.reload(state);
    this.plane.ask.logReloaded();
    this.#newCoordinator();
    this.peers.connect();
    this.#registration.logMoved();
    this.onReload.emit(state);
  }

  #newCoordinator(): void {
    this.#admin.newCoordinator();
    this.#registration.again();
    this.#claim();
  }

  #claim(): void {
    const claims = this.region.claims();
    // To hold nothing is news only for a coordinator that has nothing but claims.
    const isNews = claims !== null && (claims.claims.length > 0 || !this.#ports.store.remembers);
    if (isNews) this.#control.toCoordinator(claims);
  }

  #shardsChanged(changed: readonly ShardBelief[], gone: readonly ShardRef[]): void {
    this.plane.ask.hostingChanged([...changed, ...gone]);
    this.loads.shardsChanged(changed, gone);
    this.onShards.emit(changed, gone);
  }
}

const isJoinOf = (entry: LogEntry, self: NodeRef): boolean =>
  entry.type === "node-joined" && sameNode(entry, self);
