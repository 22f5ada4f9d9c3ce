import type { EntityOptions } from "../../node-api.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ServerMs, TimerChange } from "../../ports/timers.ts";
import type { Activation } from "./activation.ts";
import { createEntityClient } from "./client.ts";
import type { CommandContext, EntityCaller } from "./command.ts";
import type { AnyEntityDefinition, EntityClient } from "./definition.ts";
import type { EntityRequest } from "./executor-messages.ts";
import { checkPlain, copyPlain } from "./plain-data.ts";
import { TimerChanges } from "./timers/entity-timers.ts";

/** A call that a handler makes to another entity. */
export interface EntityCall {
  readonly namespace: string;
  readonly type: string;
  readonly id: string;
  readonly command: string;
  readonly input: unknown;
  /** The caller's chain with the caller itself at its end. */
  readonly chain: readonly string[];
  /** On the node's monotonic clock; never after the caller's own. @unit milliseconds */
  readonly deadlineMs: number;
  /** Aborted with the caller. */
  readonly signal: AbortSignal;
  readonly key: string | null;
}

/** Rejects with a `ShardingError`. */
export type CallEntity = (call: EntityCall) => Promise<unknown>;

export interface ContextServices {
  readonly clock: Clock;
  readonly call: CallEntity;
  /** The server's clock; for timers. @unit milliseconds since 1970 */
  serverMs(): ServerMs;
}

/**
 * What one run of a handler gets. Everything is made when it is asked for: a handler that only adds
 * a number pays for no abort controller.
 *
 * The handler works on a copy of the state, made at its first look. That is how a handler that throws
 * leaves no trace, and it is the cheapest way that holds without conditions: for the small states
 * that entities should have, a copy costs a fifth of what `structuredClone` does (0.3 µs), while recording
 * proxies would slow down every access. It also keeps changes that a handler makes after it has ended
 * away from the entity. The cost grows with the state: `restoreOnThrow: false` is for large ones.
 */
export class Context implements CommandContext<unknown> {
  readonly #services: ContextServices;
  readonly #activation: Activation;
  readonly #request: EntityRequest;
  #state: unknown = undefined;
  #taken = false;
  #controller: AbortController | null = null;
  #aborted: Error | null = null;
  #timers: TimerChanges | null = null;
  #heldMs = 0;

  constructor(services: ContextServices, activation: Activation, request: EntityRequest) {
    this.#services = services;
    this.#activation = activation;
    this.#request = request;
  }

  get state(): unknown {
    if (!this.#taken) {
      const { state, type } = this.#activation;
      this.#state = type.definition.restoreOnThrow ? copyPlain(state, "state") : state;
      this.#taken = true;
    }
    return this.#state;
  }

  set state(next: unknown) {
    this.#state = next;
    this.#taken = true;
  }

  get entity(): CommandContext<unknown>["entity"] {
    return this.#activation.entity;
  }

  get fence(): CommandContext<unknown>["fence"] {
    return this.#activation.shard.fence;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#aborted !== null) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  get timers(): TimerChanges {
    this.#timers ??= new TimerChanges(this.#activation.type, () => this.#services.serverMs());
    return this.#timers;
  }

  get timer(): CommandContext<unknown>["timer"] {
    const { timer } = this.#request;
    return timer === undefined ? null : { name: timer.name, dueAt: new Date(timer.dueMs) };
  }

  get node(): EntityCaller {
    return {
      entity: <D extends AnyEntityDefinition>(definition: D, id: string, options?: EntityOptions) =>
        this.#client(definition, id, options ?? {}),
    };
  }

  #client<D extends AnyEntityDefinition>(
    definition: D,
    id: string,
    options: EntityOptions,
  ): EntityClient<D> {
    const namespace = options.namespace ?? this.#activation.entity.namespace;
    return createEntityClient(definition, async (command, input) => {
      const { clock, call } = this.#services;
      const { chain, deadlineMs } = this.#request;
      const latestMs = clock.monotonicMs() + (options.deadlineMs ?? Number.POSITIVE_INFINITY);
      // Not on the caller's stack: a long chain of entities on one node would overflow it.
      await Promise.resolve();
      return call({
        namespace,
        type: definition.type,
        id,
        command,
        input,
        chain: [...chain, this.#activation.key],
        deadlineMs: Math.min(deadlineMs, latestMs),
        key: options.key ?? null,
        signal:
          options.signal === undefined
            ? this.signal
            : AbortSignal.any([options.signal, this.signal]),
      });
    });
  }

  /** The handler kept the thread for so long, until it returned or first waited. Static, and so out of its sight. */
  static held(context: Context, heldMs: number): void {
    context.#heldMs = heldMs;
  }

  static heldMs(context: Context): number {
    return context.#heldMs;
  }

  /** Whether the handler may have changed the state. */
  static touched(context: Context): boolean {
    return context.#taken;
  }

  static timerChanges(context: Context): readonly TimerChange[] {
    return context.#timers?.all() ?? [];
  }

  /** @throws {NotPlainError} where the handler left something in the state that cannot be kept. */
  static check(context: Context): void {
    const { restoreOnThrow } = context.#activation.type.definition;
    if (context.#taken && restoreOnThrow) checkPlain(context.#state, "state");
  }

  static abort(context: Context, why: Error): void {
    context.#aborted ??= why;
    context.#controller?.abort(why);
  }
}
