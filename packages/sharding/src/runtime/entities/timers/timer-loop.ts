import { shardKey } from "../../../core/ids.ts";
import type { LogFn } from "../../../node-api.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Journal, StoredEntity } from "../../../ports/journal.ts";
import type { DueTimer, ServerMs, TimerChange } from "../../../ports/timers.ts";
import type { Activation } from "../activation.ts";
import type { EntityReply, WireError } from "../executor-messages.ts";
import type { Shard } from "../shard.ts";
import { storedEntity } from "../stored-entity.ts";
import { DueList, timerKey } from "./due-list.ts";
import { DueTimersReader } from "./due-timers-reader.ts";

export interface TimerLoopParts {
  readonly journal: Pick<Journal, "dueTimers" | "startTimers">;
  readonly clock: Clock;
  readonly log: LogFn;
  /** Runs a timer's command in its entity's turn, if the shard is served here. */
  fire(timer: DueTimer, shard: Shard, requestId: number): void;
}

/** Commands of timers that may run at the same time: a backlog must not take the node from its callers. */
const runningLimit = 64;
/** After a failure; it doubles where the command is to blame. @unit milliseconds */
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;

interface Failure {
  readonly times: number;
  /** On the server's clock. */
  readonly notBeforeMs: ServerMs;
}

/**
 * Fires the timers of the durable entities that are served here.
 *
 * What is due soon is kept in memory, and read again from time to time; the truth is in Postgres. A firing is an
 * append like any other: it takes effect only while this node owns the shard and the timer is as it was read, and the
 * timer goes, or comes again, in the same statement. So whatever is in memory too much, or twice, has no effect.
 */
export class TimerLoop {
  readonly #parts: TimerLoopParts;
  readonly #reader: DueTimersReader;
  readonly #due = new DueList();
  readonly #shards = new Map<string, Shard>();
  /** Their commands run. By request. */
  readonly #running = new Map<number, DueTimer>();
  readonly #failures = new Map<string, Failure>();
  #nextRequestId = -1;
  #cancel: (() => void) | null = null;

  constructor(parts: TimerLoopParts) {
    this.#parts = parts;
    this.#reader = new DueTimersReader(parts, {
      read: (timers) => this.#read(timers),
      waiting: () => this.#due.size,
    });
  }

  /** The server's clock, as far as this node knows it. NaN before {@link ready}. */
  nowMs(): ServerMs {
    return this.#reader.nowMs();
  }

  /** Resolves when the server's clock is known; at once, but for a node's first moments. */
  ready(): Promise<void> {
    return this.#reader.ready();
  }

  get isReady(): boolean {
    return this.#reader.isReady;
  }

  /** @param isStart this node has not served it just before. */
  opened(shard: Shard, isStart: boolean): void {
    this.#shards.set(shardKey(shard.ref), shard);
    if (isStart) this.#reader.start(shard);
    this.#reader.want(shard);
  }

  /** It is not served here, or not now. Commands that run already end by themselves. */
  closed(shard: Shard): void {
    if (this.#shards.get(shardKey(shard.ref)) !== shard) return;
    this.#shards.delete(shardKey(shard.ref));
    this.#reader.forget(shard);
    for (const { timer } of this.#due.all()) {
      if (timer.shard === shard.ref.shard && timer.group === shard.ref.group) this.#forget(timer);
    }
  }

  /** The entity's timers were changed, and that is committed. */
  changed(activation: Activation, setBy: string, changes: readonly TimerChange[]): void {
    const entity = storedEntity(activation);
    for (const { name, setting } of changes) {
      const timer = { ...entity, name, setBy, ...(setting ?? none) };
      this.#forget(timer);
      this.#settled(timer);
      if (setting === null || setting.dueMs > this.#reader.knownUntilMs) continue;
      if (this.#due.size >= this.#reader.limit) this.#reader.forgetAfter(setting.dueMs - 1);
      else this.#place(timer);
    }
    this.#arm();
  }

  /** What was changed there is not known. */
  doubt(shard: Shard): void {
    if (this.#shards.get(shardKey(shard.ref)) === shard) this.#reader.want(shard);
  }

  /** The entity was removed, its timers with it, and that is committed. */
  removed(activation: Activation): void {
    const entity = storedEntity(activation);
    for (const { timer } of this.#due.all()) if (isOf(entity, timer)) this.#forget(timer);
    for (const timer of this.#running.values()) if (isOf(entity, timer)) this.#settled(timer);
  }

  /** @returns whether the request was a timer's. */
  replied(requestId: number, reply: EntityReply): boolean {
    const timer = this.#running.get(requestId);
    if (timer !== undefined) {
      this.#running.delete(requestId);
      if (!reply.ok) this.#failed(timer, "error" in reply ? reply.error : null);
      this.#arm();
    }
    return requestId < 0;
  }

  close(): void {
    this.#cancel?.();
    this.#reader.close();
  }

  #read(timers: readonly DueTimer[]): void {
    const running = new Set([...this.#running.values()].map(timerKey));
    for (const timer of timers) if (!running.has(timerKey(timer))) this.#place(timer);
    this.#arm();
  }

  #place(timer: DueTimer): void {
    const shard = this.#shards.get(shardKey(timer));
    if (shard === undefined) return;
    const notBeforeMs = this.#failures.get(timerKey(timer))?.notBeforeMs ?? timer.dueMs;
    this.#due.set({ timer, atMs: Math.max(timer.dueMs, notBeforeMs) });
  }

  #forget(timer: DueTimer): void {
    this.#due.delete(timerKey(timer));
    this.#failures.delete(timerKey(timer));
  }

  /** What is due fires; then the next moment is waited for. */
  #arm(): void {
    this.#cancel?.();
    this.#cancel = null;
    for (let next = this.#due.first; next !== undefined; next = this.#due.first) {
      const waitMs = next.atMs - this.nowMs();
      if (waitMs > 0) {
        this.#cancel = this.#parts.clock.after(waitMs, () => this.#arm());
        break;
      }
      if (this.#running.size >= runningLimit) break;
      this.#fire(next.timer);
    }
    this.#reader.goOn();
  }

  #fire(timer: DueTimer): void {
    const key = timerKey(timer);
    this.#due.delete(key);
    const shard = this.#shards.get(shardKey(timer));
    if (shard === undefined) return;
    const requestId = this.#nextRequestId;
    this.#nextRequestId -= 1;
    this.#running.set(requestId, timer);
    this.#parts.fire(timer, shard, requestId);
  }

  /** Its firing is stored: whatever its command answers now is its answer. */
  #settled(timer: DueTimer): void {
    const key = timerKey(timer);
    for (const [requestId, running] of this.#running) {
      if (timerKey(running) === key) this.#running.delete(requestId);
    }
  }

  /** It is read again, after a pause: whether it is still there, only Postgres knows. */
  #failed(timer: DueTimer, error: WireError | null): void {
    const key = timerKey(timer);
    const shard = this.#shards.get(shardKey(timer));
    if (shard === undefined) return;
    const times = (this.#failures.get(key)?.times ?? 0) + 1;
    const isPassing = error?.retryable ?? true;
    const pauseMs = isPassing
      ? firstPauseMs
      : Math.min(firstPauseMs * 2 ** (times - 1), longestPauseMs);
    this.#failures.set(key, { times, notBeforeMs: this.nowMs() + pauseMs });
    this.#reader.want(shard);
    if (error === null) return;
    const { type, namespace, id, name, command } = timer;
    this.#parts.log("warn", "a timer's command failed", {
      ...{ entity: `${namespace}/${type}/${id}`, timer: name, command, times, againInMs: pauseMs },
      ...{ code: error.code, error: error.message },
    });
  }
}

const none = { dueMs: 0, command: "", input: null, recurrence: null } as const;

const isOf = (entity: StoredEntity, { type, namespace, id }: DueTimer): boolean =>
  entity.id === id && entity.type === type && entity.namespace === namespace;
