import type { LeaseState } from "../core/belief.ts";
import type { Incarnation, NodeId } from "../core/ids.ts";
import type { LogFn } from "../node-api.ts";
import type { Clock } from "../ports/clock.ts";
import type { Backend, Heartbeat, LeaseSession, LeaseSessions } from "../ports/lease-session.ts";
import type { ProcessTable } from "../ports/processes.ts";
import { acquireLease } from "./acquire-lease.ts";
import type { Grant } from "./grant.ts";
import { pause } from "./pause.ts";

/** @unit milliseconds */
const firstConnectMs = 5_000;

export interface NodeLeaseOptions {
  readonly nodeId: NodeId;
  readonly address: string;
  readonly ttlMs: number;
  readonly sessions: LeaseSessions;
  readonly clock: Clock;
  readonly processes: ProcessTable;
  /** Whom this node cannot reach, said with each renewal. */
  readonly unreached: () => readonly Incarnation[];
  readonly log: LogFn;
  /** Resolves when nothing of a life that has ended can take effect any more. @default it cannot from its end on */
  readonly quiet?: () => Promise<void> | undefined;
}

export interface NodeLeaseEvents {
  /** A new life begins: nothing of the former one may go on. */
  held(grant: Grant): void;
  /** The life is over. Synchronous: when it returns, nothing is served any more. */
  lost(why: string): void;
  /** Each heartbeat, with when it was sent and when its answer came. */
  heartbeat(heartbeat: Heartbeat, sentAtMs: number, receivedAtMs: number): void;
  /** The session ended: whatever else was locked on it is gone, whether the lease survives or not. */
  sessionLost(): void;
}

/**
 * The holder's side of a node's lease: take it, renew it, survive a lost session, start over.
 *
 * ```
 *   acquiring --taken--> held --session lost--> reconnecting --row still ours--> held
 *       ^                  |                          |
 *       +---- lost --------+---- deadline passed -----+
 * ```
 * A lost session is not a lost lease: until the deadline nobody may take it, so the node ends its own
 * old backend, locks again and goes on. After the deadline, or when the row names another life, it
 * stops, takes a new incarnation and begins again.
 */
export class NodeLease {
  readonly #options: NodeLeaseOptions;
  readonly #events: NodeLeaseEvents;
  readonly #stop = new AbortController();
  #grant: Grant | null = null;
  #session: LeaseSession | null = null;
  #state: LeaseState = "lost";
  #incarnation: Incarnation;
  #timeline: number | null = null;
  #beat: Promise<boolean> | null = null;
  #running: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;

  constructor(options: NodeLeaseOptions, events: NodeLeaseEvents) {
    this.#options = options;
    this.#events = events;
    this.#incarnation = options.clock.uuid();
  }

  get incarnation(): Incarnation {
    return this.#incarnation;
  }
  get state(): LeaseState {
    return this.#state === "held" && this.#grant?.checkAlive() !== true ? "lost" : this.#state;
  }
  get grant(): Grant | null {
    return this.#grant;
  }
  /** Of the database that the lease is held in; null while none is, and until it was renewed once. */
  get timeline(): number | null {
    return this.#grant === null ? null : this.#timeline;
  }
  /** The session of the present life while it is up: for the coordinator lock and terminations. */
  get session(): LeaseSession | null {
    return this.#session;
  }

  /**
   * Takes the lease and keeps it from then on.
   *
   * @throws what opening the session or taking the lease throws, the first time only.
   */
  async start(): Promise<void> {
    await this.#begin(null);
    this.#running = this.#keep();
  }

  /** A heartbeat now, out of turn. @returns whether it renewed. */
  async beat(): Promise<boolean> {
    this.#beat ??= this.#renew().finally(() => {
      this.#beat = null;
    });
    return await this.#beat;
  }

  /** Ends the session of another node. */
  async terminate(backend: Backend): Promise<void> {
    try {
      await this.#session?.terminate(backend);
    } catch (error) {
      const words = "a dead node's session could not be ended";
      this.#options.log("debug", words, { error: String(error) });
    }
  }

  /** Ends the life on purpose: the row says `released`, so that nobody has to wait. */
  async release(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    const session = this.#session;
    const grant = this.#grant;
    this.#lose("released");
    if (session !== null && grant !== null) {
      await session.release(grant.holder).catch((error: unknown) => {
        // The others will watch the counter stand still instead.
        this.#options.log("warn", "the lease could not be marked released", {
          error: String(error),
        });
      });
      await session.close();
    }
    await this.#running;
  }

  async #keep(): Promise<void> {
    const { clock, ttlMs, log } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        if (this.#grant === null) {
          await pause(clock, (ttlMs / 20) * (0.5 + clock.random()));
          const quiet = this.#options.quiet?.();
          if (quiet !== undefined) await quiet;
          if (!this.#stop.signal.aborted) await this.#begin(this.#incarnation);
        } else if (this.#session === null) {
          await this.#reconnect(this.#grant);
        } else {
          await this.#nextBeat(this.#grant);
        }
      } catch (error) {
        if (!this.#stop.signal.aborted)
          log("warn", "the lease is not held", { error: String(error) });
        await pause(clock, ttlMs / 20);
      }
    }
  }

  async #nextBeat(grant: Grant): Promise<void> {
    await this.#untilDue();
    if (this.#grant !== grant) return;
    if (!grant.checkAlive()) this.#lose("its deadline has passed");
    else if (this.#session !== null) await this.beat();
  }

  /** Until the next heartbeat is due, or there is no session any more: reconnecting must not wait for it. */
  async #untilDue(): Promise<void> {
    const { clock, ttlMs } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(ttlMs / 6, resolve);
    this.#wake = resolve;
    await promise;
    cancel();
  }

  async #begin(predecessor: Incarnation | null): Promise<void> {
    const { nodeId, address, clock, processes, ttlMs, sessions } = this.#options;
    if (predecessor !== null) this.#incarnation = clock.uuid();
    const holder = { nodeId, incarnation: this.#incarnation };
    const timeoutMs = ttlMs / 3;
    // The first time no lease runs out, and a process that has just begun on a busy machine is slow.
    const connectTimeoutMs = predecessor === null ? Math.max(timeoutMs, firstConnectMs) : timeoutMs;
    const session = await sessions.open({ holder, ttlMs, timeoutMs, connectTimeoutMs });
    try {
      const lease = { ...holder, address, process: processes.self() };
      const need = { clock, processes, ttlMs, lease, predecessor, signal: this.#stop.signal };
      this.#grant = await acquireLease(session, need);
      this.#timeline = null;
      this.#adopt(session);
    } catch (error) {
      await session.close();
      throw error;
    }
    this.#watchDeadline(this.#grant);
    this.#events.held(this.#grant);
    await this.beat();
  }

  #adopt(session: LeaseSession): void {
    this.#session = session;
    this.#state = "held";
    session.onClosed((why) => {
      if (this.#session !== session) return;
      this.#session = null;
      this.#wake();
      this.#events.sessionLost();
      if (this.#grant === null) return;
      this.#state = "reconnecting";
      this.#options.log("warn", "the lease session ended; reconnecting", { why: why.message });
    });
  }

  async #reconnect(grant: Grant): Promise<void> {
    const { nodeId, clock, ttlMs, sessions } = this.#options;
    if (!grant.checkAlive()) return this.#lose("its deadline passed while reconnecting");
    const session = await sessions.open({ holder: grant.holder, ttlMs, timeoutMs: ttlMs / 3 });
    try {
      const before = await session.read(nodeId);
      if (before !== null && before.incarnation === grant.holder.incarnation) {
        await session.terminate(before.backend);
      }
      while (!(await session.tryLock(`node:${nodeId}`))) {
        if (!grant.checkAlive()) throw new Error("the lock is still held by the old session");
        await pause(clock, ttlMs / 100);
      }
      this.#adopt(session);
      if (!(await this.beat())) await session.close();
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  async #renew(): Promise<boolean> {
    const { clock } = this.#options;
    const session = this.#session;
    const grant = this.#grant;
    if (session === null || grant === null) return false;
    const sentAtMs = clock.monotonicMs();
    let heartbeat: Heartbeat;
    try {
      heartbeat = await session.renew(grant.holder, this.#options.unreached());
    } catch {
      // The session is gone; `onClosed` has said so, and the loop reconnects.
      return false;
    }
    if (this.#grant !== grant) return false;
    this.#timeline ??= heartbeat.timeline;
    if (!heartbeat.renewed) this.#lose("its row names another life or an end");
    else if (this.#timeline !== heartbeat.timeline) this.#lose("the database is on a new timeline");
    else if (!grant.checkAlive()) this.#lose("the renewal was answered after the deadline");
    else {
      grant.renewed(sentAtMs);
      this.#events.heartbeat(heartbeat, sentAtMs, clock.monotonicMs());
      return true;
    }
    return false;
  }

  /**
   * Ends the life when its deadline passes, whatever the loop waits for then. `checkAlive` refuses commands
   * to the millisecond without it; this lets activations go and says so to observers.
   */
  #watchDeadline(grant: Grant): void {
    this.#options.clock.after(Math.max(1, Math.ceil(grant.leftMs())), () => {
      if (this.#grant !== grant) return;
      if (grant.checkAlive()) this.#watchDeadline(grant);
      else this.#lose("its deadline has passed");
    });
  }

  #lose(why: string): void {
    const grant = this.#grant;
    if (grant === null) return;
    grant.end();
    this.#grant = null;
    this.#state = "lost";
    const session = this.#session;
    this.#session = null;
    if (!this.#stop.signal.aborted) {
      this.#options.log("warn", "the lease is lost", {
        why,
        incarnation: grant.holder.incarnation,
      });
      void session?.close();
    }
    this.#events.lost(why);
  }
}
