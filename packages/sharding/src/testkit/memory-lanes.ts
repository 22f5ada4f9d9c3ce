import { defaultOptions } from "../options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Journal } from "../ports/journal.ts";
import { catalogOf } from "../runtime/entities/catalog.ts";
import type { AnyEntityDefinition } from "../runtime/entities/definition.ts";
import { LaneHost } from "../runtime/lanes/lane-host.ts";
import type {
  AnswerToLane,
  FromLane,
  LaneSetup,
  LaneThread,
  LaneThreads,
  ToLane,
} from "../runtime/lanes/lane-messages.ts";

export interface MemoryLanesOptions {
  readonly lanes: number;
  readonly clock: Clock;
  /** What each lane loads. */
  readonly entities: (lane: number, thread: LaneTime) => readonly AnyEntityDefinition[];
  readonly journal?: (thread: LaneTime) => Journal;
  /** What a message takes to be looked at, which is what a busy lane takes. @unit milliseconds @default 0 */
  readonly latencyMs?: () => number;
  readonly inboxCapacity?: number;
  readonly drainTimeoutMs?: number;
}

/** How time passes in a lane: everything that goes on in one has to go through here. */
export interface LaneTime {
  readonly clock: Clock;
  /** Does it once the lane's thread is free, in order; never where the lane has ended. */
  readonly run: (fn: () => void) => void;
}

/**
 * Lanes on one thread, with time by hand: the code of a real lane behind what copies as a port does, and takes its time.
 * They can be stuck, and killed.
 */
export class MemoryLanes implements LaneThreads {
  readonly lanes: number;
  readonly inboxCapacity: number;
  readonly drainTimeoutMs: number;
  readonly threads: MemoryLane[] = [];
  readonly #options: MemoryLanesOptions;

  constructor(options: MemoryLanesOptions) {
    this.#options = options;
    this.lanes = options.lanes;
    this.inboxCapacity = options.inboxCapacity ?? defaultOptions.laneInboxCapacity;
    this.drainTimeoutMs = options.drainTimeoutMs ?? defaultOptions.laneDrainTimeoutMs;
  }

  spawn(setup: LaneSetup): MemoryLane {
    const lane = new MemoryLane(setup, this.#options);
    this.threads.push(lane);
    return lane;
  }
}

export class MemoryLane implements LaneThread {
  readonly #clock: Clock;
  readonly #latencyMs: () => number;
  /** When the last message was, or will be, looked at: none overtakes. @unit milliseconds */
  #latestMs = 0;
  #isStuck = false;
  #isGone = false;
  #wasHarmed = false;
  #cause: Error | null = null;
  readonly #waiting: (() => void)[] = [];
  #fromLane: (batch: readonly FromLane[]) => void = () => undefined;
  #exited: (cause: Error | null) => void = () => undefined;
  #inbox: (batch: readonly ToLane[]) => void = () => undefined;
  #answers: (batch: readonly AnswerToLane[]) => void = () => undefined;

  constructor(setup: LaneSetup, { clock, entities, journal, latencyMs }: MemoryLanesOptions) {
    this.#clock = clock;
    this.#latencyMs = latencyMs ?? (() => 0);
    this.#later(() => {
      const time: LaneTime = { clock: this.#laneClock(), run: (fn) => this.#run(fn) };
      const host = new LaneHost({
        setup,
        catalog: catalogOf(entities(setup.lane, time)),
        clock: time.clock,
        journal: journal?.(time) ?? null,
        link: {
          onInbox: (fn) => {
            this.#inbox = fn;
          },
          onAnswers: (fn) => {
            this.#answers = fn;
          },
          post: (batch, transfer) => {
            if (this.#isGone) return;
            const copy = copyOf(batch, transfer);
            clock.after(0, () => this.#hear(copy));
          },
        },
      });
      host.start();
    });
  }

  post(batch: readonly ToLane[], transfer: readonly ArrayBuffer[]): void {
    const copy = copyOf(batch, transfer);
    this.#later(() => this.#inbox(copy));
  }

  answer(batch: readonly AnswerToLane[]): void {
    const copy = copyOf(batch, []);
    this.#later(() => this.#answers(copy));
  }

  onMessages(fn: (batch: readonly FromLane[]) => void): void {
    this.#fromLane = fn;
  }

  onExit(fn: (cause: Error | null) => void): void {
    this.#exited = fn;
  }

  async terminate(): Promise<void> {
    this.#exit(null);
  }

  get hasEnded(): boolean {
    return this.#isGone;
  }

  /** Whether it has ever been stuck, or was killed: then it may be blamed. */
  get wasHarmed(): boolean {
    return this.#wasHarmed;
  }

  /** A handler that does not give its thread back. */
  stick(): void {
    this.#isStuck = true;
    this.#wasHarmed = true;
  }

  unstick(): void {
    this.#isStuck = false;
    this.#clock.after(0, () => this.#goOn());
  }

  /** As an error that nobody catches. */
  fail(cause: Error): void {
    this.#wasHarmed = true;
    this.#exit(cause);
  }

  /** Its timers stand still with it. */
  #laneClock(): Clock {
    const clock = this.#clock;
    return {
      monotonicMs: () => clock.monotonicMs(),
      bootMs: () => clock.bootMs(),
      random: () => clock.random(),
      uuid: () => clock.uuid(),
      after: (delayMs, fn) => {
        // One that was due while the thread was kept may still be cancelled by what comes before it.
        let isCancelled = false;
        const due = (): void => {
          if (!isCancelled) fn();
        };
        const cancel = clock.after(delayMs, () => this.#run(due));
        return () => {
          isCancelled = true;
          cancel();
        };
      },
    };
  }

  #exit(cause: Error | null): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#cause = cause;
    this.#clock.after(0, () => this.#exited(this.#cause));
  }

  #later(fn: () => void): void {
    const nowMs = this.#clock.monotonicMs();
    this.#latestMs = Math.max(this.#latestMs, nowMs + this.#latencyMs());
    this.#clock.after(this.#latestMs - nowMs, () => this.#run(fn));
  }

  /** What has waited while it was stuck comes first, each in a turn of its own. */
  #goOn(): void {
    if (this.#isStuck || this.#waiting.length === 0) return;
    this.#do(this.#waiting.shift() as () => void);
    this.#clock.after(0, () => this.#goOn());
  }

  #run(fn: () => void): void {
    if (this.#isStuck || this.#waiting.length > 0) this.#waiting.push(fn);
    else this.#do(fn);
  }

  #do(fn: () => void): void {
    if (this.#isGone) return;
    try {
      fn();
    } catch (error) {
      this.#exit(error as Error);
    }
  }

  #hear(batch: readonly FromLane[]): void {
    this.#fromLane(batch);
  }
}

const copyOf = <T>(batch: readonly T[], transfer: readonly ArrayBuffer[]): readonly T[] =>
  structuredClone(batch, { transfer: [...transfer] });
