import type { Epoch, ShardRef } from "../../core/ids.ts";
import { OptionsError, WorkerOverError } from "../../errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ServingGuard } from "../entities/executor-messages.ts";
import { messageOf } from "../entities/message-of.ts";
import type { DaemonContext, DaemonDefinition, DaemonNode } from "./definition.ts";

export interface WorkerParts {
  readonly definition: DaemonDefinition;
  readonly ref: ShardRef;
  readonly epoch: Epoch;
  readonly clock: Clock;
  readonly guard: ServingGuard;
  readonly node: DaemonNode;
  readonly workers: () => number;
}

/** One run of one worker: begins when it is made, and is over when it is stopped or has ended. */
export class Worker {
  readonly startedMs: number;
  readonly epoch: Epoch;
  /** Resolves when the user's function has ended, with why it ended. Never rejects. */
  readonly ended: Promise<string>;
  /** When it was told to end; null before. @unit milliseconds */
  stoppedMs: number | null = null;
  readonly #parts: WorkerParts;
  readonly #controller = new AbortController();
  #beatMs: number;
  /** Signs of life, and how many there were at the last look. */
  #beats = 0;
  #beatsSeen = 0;
  /** Turns that wait for their time: while there are any the worker is not silent. */
  #resting = 0;
  #silentMs = 0;
  /** Why it was told to end, where a subscription of it has failed. */
  #broken: string | null = null;
  #lookedMs: number;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.epoch = parts.epoch;
    this.startedMs = parts.clock.monotonicMs();
    this.#beatMs = this.startedMs;
    this.#lookedMs = this.startedMs;
    this.ended = this.#run();
  }

  /** Since the last sign of life. @unit milliseconds */
  get beatAgeMs(): number {
    return this.#resting > 0 ? 0 : this.#parts.clock.monotonicMs() - this.#beatMs;
  }

  /** Ends its right to go on. When its function ends is its own affair. */
  stop(why: string): void {
    if (this.stoppedMs !== null) return;
    this.stoppedMs = this.#parts.clock.monotonicMs();
    this.#controller.abort(new WorkerOverError(why));
  }

  /**
   * How long it has been silent, as far as that can be held against it: a look that comes late because the event
   * loop stood still counts as one that came in time.
   *
   * @param everyMs how often this is asked.
   */
  look(everyMs: number): number {
    const nowMs = this.#parts.clock.monotonicMs();
    const sinceMs = Math.min(nowMs - this.#lookedMs, 2 * everyMs);
    const isSilent = this.#resting === 0 && this.#beats === this.#beatsSeen;
    this.#silentMs = isSilent ? this.#silentMs + sinceMs : 0;
    this.#beatsSeen = this.#beats;
    this.#lookedMs = nowMs;
    return this.#silentMs;
  }

  async #run(): Promise<string> {
    try {
      await this.#parts.definition.run(this.#context());
      return this.#broken ?? "it returned";
    } catch (error) {
      return this.#broken ?? `it threw: ${messageOf(error)}`;
    }
  }

  /** Nobody else need listen to what it follows, and a rejection that nobody hears ends the process. */
  #break(error: unknown): void {
    if (this.stoppedMs !== null) return;
    this.#broken = `what it follows ended: ${messageOf(error)}`;
    this.stop(this.#broken);
  }

  #context(): DaemonContext {
    const { definition, ref, epoch, node, workers } = this.#parts;
    const { signal } = this.#controller;
    return {
      daemon: definition.name,
      index: ref.shard,
      get workers() {
        return workers();
      },
      signal,
      fence: epoch,
      node: bound(node, signal, (error) => this.#break(error)),
      beat: () => this.#beat(),
      ticks: (everyMs) => {
        if (everyMs >= 0 && everyMs <= 86_400_000) return this.#ticks(everyMs);
        throw new OptionsError(`ticks(${everyMs}): it must be from 0 to 86400000 milliseconds.`);
      },
    };
  }

  #beat(): void {
    const { ref, epoch, guard } = this.#parts;
    if (!guard.mayServe(ref, epoch)) this.stop("the lease does not hold any more");
    this.#controller.signal.throwIfAborted();
    this.#sign();
  }

  #sign(): void {
    this.#beats += 1;
    this.#beatMs = this.#parts.clock.monotonicMs();
  }

  async *#ticks(everyMs: number): AsyncGenerator<number> {
    const { clock } = this.#parts;
    for (let turn = 0; this.#goesOn(); turn += 1) {
      const dueMs = clock.monotonicMs() + everyMs;
      yield turn;
      await this.#rest(dueMs - clock.monotonicMs());
    }
  }

  #goesOn(): boolean {
    try {
      this.#beat();
      return true;
    } catch (error) {
      if (error instanceof WorkerOverError) return false;
      throw error;
    }
  }

  /** Also where nothing is left to wait for: a turn of the event loop, so that a fast worker blocks nobody. */
  async #rest(delayMs: number): Promise<void> {
    const { signal } = this.#controller;
    if (signal.aborted) return;
    this.#resting += 1;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        cancel();
        signal.removeEventListener("abort", wake);
        resolve();
      };
      const cancel = this.#parts.clock.after(Math.max(0, delayMs), wake);
      signal.addEventListener("abort", wake);
    });
    this.#resting -= 1;
    this.#sign();
  }
}

/** What a worker starts through its node ends with it, and a subscription that fails ends the worker. */
function bound(
  node: DaemonNode,
  signal: AbortSignal,
  failed: (error: unknown) => void,
): DaemonNode {
  const both = <O extends { readonly signal?: AbortSignal }>(options: O | undefined) => ({
    ...(options as O),
    signal: options?.signal === undefined ? signal : AbortSignal.any([signal, options.signal]),
  });
  return {
    nodeId: node.nodeId,
    entity: (definition, id, options) => node.entity(definition, id, both(options)),
    subscribe: async (filter, handle, options) => {
      const subscription = await node.subscribe(filter, handle, both(options));
      subscription.ended.catch(failed);
      return subscription;
    },
    latestVersion: (...args) => node.latestVersion(...args),
    publish: (...args) => node.publish(...args),
    onMessage: (topic, fn, options) => {
      const stop = node.onMessage(topic, fn, options);
      signal.addEventListener("abort", stop, { once: true });
      return stop;
    },
  };
}
