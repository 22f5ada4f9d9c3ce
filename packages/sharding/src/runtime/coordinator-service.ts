import type { ClusterState } from "../core/cluster.ts";
import {
  type CoordinatorInput,
  type CoordinatorOptions,
  startCoordinator,
} from "../core/coordinator.ts";
import type { Incarnation, NodeRef, Term } from "../core/ids.ts";
import type { DeathProof, LogEntry } from "../core/log.ts";
import { endOf, nextEndMs, type Watches } from "../core/membership.ts";
import type { FromCoordinator, ToCoordinator } from "../core/messages.ts";
import { type Renewing, renewingOf, shouldYield } from "../core/reach.ts";
import type { LogFn } from "../node-api.ts";
import type { Clock } from "../ports/clock.ts";
import type { LeaseFactory } from "../ports/lease.ts";
import type { LeaseRow } from "../ports/lease-session.ts";
import type { ProcessTable } from "../ports/processes.ts";
import type { LogPosition, StateStore } from "../ports/state-store.ts";
import { CoordinatorRight } from "./coordinator-right.ts";
import { Driver } from "./driver.ts";
import { type Election, elect } from "./elect.ts";
import type { NodeLease } from "./node-lease.ts";
import { TermBackoff } from "./term-backoff.ts";

export interface CoordinatorServiceOptions {
  readonly lease: NodeLease;
  readonly store: StateStore;
  readonly clock: Clock;
  readonly processes: ProcessTable;
  readonly ttlMs: number;
  /** The furthest that this node knows of the log. */
  readonly seen: () => LogPosition;
  /** This node's copy of the cluster's state; null where it is in doubt. */
  readonly copy: () => ClusterState | null;
  readonly core: CoordinatorOptions;
  /** By this node's copy of the log, in doubt or not. */
  readonly cluster: () => ClusterState;
  /** A proxy never leads. */
  readonly isProxy: boolean;
  readonly log: LogFn;
  /** @default an advisory lock on the node's lease session */
  readonly coordinatorLease?: LeaseFactory | undefined;
}

export interface CoordinatorServiceEvents {
  /** Leading begins with the entry of the new term. */
  committed(history: string, entries: readonly LogEntry[]): void;
  send(to: NodeRef, message: FromCoordinator): void;
  /** Dropped: said by a life that may not say it. */
  unauthorized(from: NodeRef, tag: ToCoordinator["tag"]): void;
  /** Leads no more. Of what it was asked, these were never taken; what else has no answer gets none. */
  ended(untaken: readonly { readonly from: NodeRef; readonly requestId: string }[]): void;
}

/** Requests that wait while a candidate is being elected. More than that are asked again anyway. */
const waitingLimit = 10_000;

/**
 * Leads while it holds the coordinator lock, and only then.
 *
 * ```
 *   passive --lock granted--> electing --term raised, state known--> active
 *      ^                          |                                     |
 *      +--------------------------+----- deposed, lock or lease lost ---+
 * ```
 * The lock is a hint that keeps candidates from racing; the term is the fence: a deposed coordinator
 * commits nothing and therefore sends nothing (S3).
 */
export class CoordinatorService {
  readonly #options: CoordinatorServiceOptions;
  readonly #events: CoordinatorServiceEvents;
  readonly #backoff: TermBackoff;
  #driver: Driver | null = null;
  readonly #right: CoordinatorRight;
  #isElecting = false;
  #isHandingBack = false;
  #isCandidate: boolean;
  #waiting: { from: NodeRef; message: ToCoordinator }[] = [];
  #leases: readonly LeaseRow[] = [];
  #watches: Watches = new Map();
  readonly #refused = new Set<Incarnation>();
  #cancelTick: (() => void) | null = null;
  #cancelLook: (() => void) | null = null;
  /** Of this node, in its present process. */
  takeOvers = 0;

  constructor(options: CoordinatorServiceOptions, events: CoordinatorServiceEvents) {
    this.#options = options;
    this.#isCandidate = !options.isProxy;
    this.#backoff = new TermBackoff(options.ttlMs);
    this.#events = events;
    this.#right = new CoordinatorRight(options);
  }

  isActive(): boolean {
    return this.#driver !== null && this.#mayLead();
  }

  /** The term that this node leads, or null. */
  term(): Term | null {
    return this.isActive() ? (this.#driver?.state.cluster.term ?? null) : null;
  }

  /** Tries to take the coordinator's lease. Cheap; called on a schedule and when the coordinator's connection closes. */
  async tryLead(): Promise<void> {
    const { lease, log, store, clock, ttlMs, seen, copy } = this.#options;
    const { session, grant } = lease;
    if (!this.#mayTry() || session === null || grant?.checkAlive() !== true) return;
    this.#isElecting = true;
    try {
      if (!(await this.#right.acquire(grant.holder))) return;
      const election = await elect({
        ...{ self: grant.holder, store, clock, ttlMs, seen, copy },
        mayLead: () => this.#mayLead(),
        onWait: (waitMs) =>
          log("warn", "the database is on a new timeline; old leases run out first", { waitMs }),
      });
      // The session may have ended meanwhile, and with it the lock.
      if (election === null || lease.session !== session || !this.#mayLead()) {
        return await this.#right.release();
      }
      this.#lead(election, grant.holder);
    } catch (error) {
      log("warn", "the election failed", { error: String(error) });
      await this.#right.release();
      // What this session holds is not known any more; with another lease that is not the session's affair.
      const isOfSession = this.#options.coordinatorLease === undefined;
      if (isOfSession && lease.session === session) await session.close();
    } finally {
      this.#isElecting = false;
      if (this.#driver === null) this.#waiting = [];
    }
  }

  /** The node's lease holds, and the coordinator's. */
  #mayLead(): boolean {
    return this.#right.isHeld() && this.#options.lease.grant?.checkAlive() === true;
  }

  #mayTry(): boolean {
    const isBusy = this.#driver !== null || this.#isElecting || this.#isHandingBack;
    const isDue = this.#backoff.mayLead(this.#options.clock.monotonicMs());
    return this.#isCandidate && !isBusy && isDue && !this.#yields();
  }

  /** The lease session ended: the lock is gone, so somebody else may lead already. */
  sessionLost(): void {
    const wasActive = this.#driver !== null;
    this.#step("the lease session ended");
    if (wasActive) void this.#handBack();
  }

  /** Hands the lock back, so that another candidate need not wait. */
  async stop(): Promise<void> {
    this.#isCandidate = false;
    const wasActive = this.#driver !== null;
    this.#step("stopping");
    if (wasActive) await this.#handBack();
  }

  /** Gives the lock up: while we hold it and do not lead, nobody else could. */
  async #handBack(): Promise<void> {
    this.#isHandingBack = true;
    await this.#right.release();
    this.#isHandingBack = false;
  }

  receive(from: NodeRef, message: ToCoordinator): void {
    if (this.#driver !== null) this.#driver.push({ tag: "message", from, message });
    else if (this.#isElecting && this.#waiting.length < waitingLimit)
      this.#waiting.push({ from, message });
    // Passive: the sender asks again, and by then it knows whom.
  }

  heard(leases: readonly LeaseRow[], watches: Watches): void {
    this.#leases = leases;
    this.#watches = watches;
    if (this.#driver !== null && this.#yields()) {
      this.#step("another node reaches more of the cluster");
      void this.#handBack();
      return;
    }
    // A row says `alive` until somebody writes otherwise; for a life that nobody remembers nobody does.
    const alive = leases.filter(
      (lease) => lease.state === "alive" && this.#proofOf(lease) === null,
    );
    this.#driver?.push({
      tag: "leases",
      alive: alive.map(({ nodeId, incarnation }) => ({ nodeId, incarnation })),
      renewing: this.#renewing(),
    });
    this.checkMembers();
    this.#lookWhenDue();
  }

  /**
   * A lease that nobody renews runs out between two heartbeats: its shards would wait for the next one, a sixth of a ttl
   * more. So the rows are read again when it is due, and judged by what they say then.
   */
  #lookWhenDue(): void {
    this.#cancelLook?.();
    this.#cancelLook = null;
    const { clock, ttlMs, lease } = this.#options;
    const nowMs = clock.monotonicMs();
    const dueMs = nextEndMs(this.#watches.values(), nowMs, ttlMs);
    if (this.#driver === null || dueMs === null) return;
    // Longer than 1.02 ttl, not as long: one millisecond more.
    this.#cancelLook = clock.after(dueMs - nowMs + 1, () => void lease.beat());
  }

  /** By what all nodes see alike, so that the one that should lead knows it as well. */
  #yields(): boolean {
    const holder = this.#options.lease.grant?.holder;
    return holder !== undefined && shouldYield(this.#renewing(), holder);
  }

  /** Without proxies: by their word a node could be put out, or made to yield, and none of them could replace it. */
  #renewing(): readonly Renewing[] {
    const { clock, ttlMs, cluster } = this.#options;
    const { nodes } = cluster();
    return renewingOf(this.#leases, this.#watches, clock.monotonicMs(), ttlMs).filter(
      ({ nodeId }) => nodes.get(nodeId)?.weight !== 0,
    );
  }

  /** Looks for members whose lease has ended; also called when a connection closes. @returns how many. */
  checkMembers(): number {
    const driver = this.#driver;
    if (driver === null) return 0;
    const { lease } = this.#options;
    let ended = 0;
    for (const row of driver.state.cluster.nodes.values()) {
      if (row.state === "dead" || row.nodeId === lease.grant?.holder.nodeId) continue;
      const leaseRow = this.#leases.find((l) => l.nodeId === row.nodeId);
      const proof = this.#proofOf(row);
      if (proof === null) continue;
      ended += 1;
      const { nodeId, incarnation } = row;
      const renewals = leaseRow?.renewals ?? -1;
      driver.push({ tag: "lease-ended", node: { nodeId, incarnation }, proof, renewals });
      // Its backend may still hold the lock: a frozen process, or one behind a dead connection.
      if (proof === "watched" && leaseRow !== undefined) void lease.terminate(leaseRow.backend);
    }
    return ended;
  }

  /** Why the lease of this life is known to have ended, or null. */
  #proofOf(life: NodeRef): DeathProof | null {
    const { clock, ttlMs, processes } = this.#options;
    const process = this.#leases.find((l) => l.nodeId === life.nodeId)?.process ?? null;
    return endOf(this.#watches, life, clock.monotonicMs(), ttlMs, {
      isGone: () => process !== null && processes.isGone(process),
      isRefused: (incarnation) => this.#refused.has(incarnation),
    });
  }

  /** An address refused a connection and the operator trusts that. A renewal after it refutes the death. */
  refused(node: NodeRef): void {
    this.#refused.add(node.incarnation);
    this.checkMembers();
    this.#refused.delete(node.incarnation);
  }

  #lead({ cluster, entry }: Election, self: NodeRef): void {
    const { clock, store, ttlMs, core, log } = this.#options;
    const rebuildAfterMs = store.remembers ? null : ttlMs;
    const options = { ...core, rebuildAfterMs };
    const state = startCoordinator(cluster, self, options, clock.monotonicMs());
    const driver: Driver = new Driver(state, store, clock, () => this.#mayLead(), {
      committed: (entries, next) => this.#events.committed(next.history, entries),
      send: (to, message) => this.#events.send(to, message),
      // Often it renewed and died before our next heartbeat: whoever is gone is declared with what this reads.
      refuted: () => void this.#options.lease.beat(),
      unauthorized: (said) => {
        for (const { from, tag } of said) this.#events.unauthorized(from, tag);
      },
      ended: (why, defect) => {
        if (this.#driver !== driver) return;
        this.#step(why, defect);
        void this.#handBack();
      },
    });
    this.#driver = driver;
    this.#right.onLost((why) => {
      if (this.#driver === driver) this.#step(`the coordinator's lease is lost: ${why}`);
    });
    this.takeOvers += 1;
    log("info", "leading", { term: cluster.term, seq: cluster.seq });
    // Before any decision: a copy without this entry takes nothing that follows it, and reads all of it from
    // Postgres, ten thousand assignments in the worst case.
    this.#events.committed(cluster.history, [entry]);
    for (const { from, message } of this.#waiting) this.receive(from, message);
    this.#waiting = [];
    this.heard(this.#leases, this.#watches);
    if (this.#driver === driver) this.#tick();
  }

  #tick(): void {
    this.#driver?.push({ tag: "tick" });
    const hasWork =
      (this.#driver?.state.work.size ?? 0) > 0 || this.#driver?.state.settling === true;
    const delayMs = hasWork ? 50 : 250;
    this.#cancelTick = this.#options.clock.after(delayMs, () => this.#tick());
  }

  #step(why: string, defect: Error | null = null): void {
    const driver = this.#driver;
    if (driver === null) return;
    this.#driver = null;
    this.#cancelTick?.();
    this.#cancelLook?.();
    const untaken = driver.end();
    const { clock, log } = this.#options;
    const { cluster, electedAtMs } = driver.state;
    const nowMs = clock.monotonicMs();
    const waitMs = this.#backoff.termEnded(defect !== null, nowMs - electedAtMs, nowMs);
    log("info", "not leading any more", { why, term: cluster.term });
    if (defect !== null)
      log("error", "a decision of the coordinator failed: this is a defect", {
        ...{ error: defect.stack ?? defect.message, term: cluster.term, seq: cluster.seq, waitMs },
      });
    this.#events.ended(untaken.flatMap(askOf));
  }
}

/** Whoever asks for something waits for an answer; what nodes report is said again by itself. */
const askOf = (input: CoordinatorInput) =>
  input.tag === "message" && input.message.tag === "admin"
    ? [{ from: input.from, requestId: input.message.requestId }]
    : [];
