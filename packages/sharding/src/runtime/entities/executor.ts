import type { Epoch, ShardRef } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DueTimer } from "../../ports/timers.ts";
import { Activation } from "./activation.ts";
import { Arrivals } from "./arrivals.ts";
import type { Catalog } from "./catalog.ts";
import { CommandLoop } from "./command-loop.ts";
import type { CallEntity } from "./context.ts";
import { DurableStore, type DurableStoreParts } from "./durable-store.ts";
import { addressFault, entityKey, idStoreFault } from "./entity-key.ts";
import { type EntityType, entityTypesOf } from "./entity-type.ts";
import type {
  EntityReply,
  EntityRequest,
  FromExecutor,
  ServingGuard,
  ToExecutor,
} from "./executor-messages.ts";
import { Passivation } from "./passivation.ts";
import {
  bounced,
  commandInvalid,
  commandUnknown,
  reentrant,
  refuse,
  typeUnknown,
} from "./replies.ts";
import type { Shard, ShardPhase } from "./shard.ts";
import { ShardLife } from "./shard-life.ts";
import { ShardTable } from "./shard-table.ts";
import { TimerLoop, type TimerLoopParts } from "./timers/timer-loop.ts";

export interface ExecutorOptions {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly guard: ServingGuard;
  /** Carries the calls that handlers make to other entities. */
  readonly call: CallEntity;
  /** Whether replies say how long their handlers kept the thread. @default false */
  readonly isTimed?: boolean;
  /** For durable entities: where they are kept, and who claims their shards' heads. @default none */
  readonly durable?: Pick<DurableStoreParts, "journal" | "nodeId" | "log" | "stored"> | undefined;
}

export interface Executor {
  /** Never throws. Replies may be emitted before it returns. */
  post(message: ToExecutor): void;
  /** @returns an unsubscribe function. */
  onMessage(fn: (message: FromExecutor) => void): () => void;
  /** Where entities live in other threads: as of a moment ago. */
  stats(): ExecutorStats;
  /** Stops the timers. Shards are not dropped: post that first. */
  close(): void;
}

/** An executor on the thread that asks it. */
export interface LocalExecutor extends Executor {
  /** The shards held. */
  describe(): readonly ShardDescription[];
}

export interface ShardDescription extends ShardRef {
  readonly epoch: Epoch;
  readonly phase: Exclude<ShardPhase, "arriving" | "gone">;
  /** Entities with a state or a command here. */
  readonly entities: number;
  /** Handlers that run. */
  readonly running: number;
}

export interface ExecutorStats {
  /** Loaded entities. */
  readonly entities: number;
  /** Commands that wait for their entity. */
  readonly waiting: number;
  /** Handlers that run. */
  readonly running: number;
}

/** How long a timer's command may take. @unit milliseconds */
const timerDeadlineMs = 30_000;

const keepsEvents = ({ definition }: EntityType): boolean => definition.events !== null;

/** Runs entities on this thread. See executor-messages.ts for what it is told and what it answers. */
export const createLocalExecutor = (options: ExecutorOptions): LocalExecutor =>
  new ThreadExecutor(options);

class ThreadExecutor implements LocalExecutor {
  readonly #types: ReadonlyMap<string, EntityType>;
  readonly #shards = new ShardTable();
  readonly #passivation: Passivation;
  readonly #loop: CommandLoop;
  readonly #life: ShardLife;
  readonly #timers: TimerLoop | null;
  readonly #clock: Clock;
  readonly #arrivals: Arrivals;
  readonly #isTimed: boolean;
  #listeners: readonly ((message: FromExecutor) => void)[] = [];

  constructor({ catalog, clock, guard, call, durable, isTimed = false }: ExecutorOptions) {
    this.#isTimed = isTimed;
    this.#types = entityTypesOf(catalog);
    this.#clock = clock;
    const fire = (...firing: Parameters<TimerLoopParts["fire"]>) => this.#fire(...firing);
    const timers = durable === undefined ? null : new TimerLoop({ ...durable, clock, fire });
    this.#timers = timers;
    this.#passivation = new Passivation(clock, this.#types.values());
    const home = {
      ...{ clock, guard, call },
      inFlight: new Map<number, Activation>(),
      isTimed,
      reply: (requestId: number, reply: EntityReply, heldMs?: number) =>
        this.#reply(requestId, reply, heldMs),
      quiet: (shard: Shard) => this.#life.capture(shard),
      serverMs: () => timers?.nowMs() ?? Number.NaN,
    };
    const store =
      durable === undefined || timers === null
        ? null
        : new DurableStore({ ...durable, clock, guard, timers });
    this.#loop = new CommandLoop(home, this.#passivation, store);
    const parts = {
      ...{ clock, types: this.#types, passivation: this.#passivation },
      emit: (message: FromExecutor) => this.#emit(message),
    };
    this.#arrivals = new Arrivals(parts);
    this.#life = new ShardLife({
      ...{ ...parts, shards: this.#shards, loop: this.#loop, arrivals: this.#arrivals },
      // Volatile entities have none: nothing is read for them.
      timers: [...this.#types.values()].some(keepsEvents) ? timers : null,
    });
  }

  post(message: ToExecutor): void {
    switch (message.tag) {
      case "request":
        return this.#request(message.request);
      case "cancel":
        return this.#loop.cancel(message.requestId);
      case "open":
        return this.#life.open(message);
      case "reopen":
        return this.#life.reopen(message);
      case "copy":
        return this.#life.copy(message);
      case "drain":
        return this.#life.drain(message);
      case "drop":
        return this.#life.drop(message);
      case "carry":
        return this.#arrivals.carry(message);
      case "forget":
        return this.#arrivals.forget(message.handoffId);
      default:
        return message satisfies never;
    }
  }

  onMessage(fn: (message: FromExecutor) => void): () => void {
    this.#listeners = [...this.#listeners, fn];
    return () => {
      this.#listeners = this.#listeners.filter((listener) => listener !== fn);
    };
  }

  describe(): readonly ShardDescription[] {
    const described: ShardDescription[] = [];
    for (const { ref, epoch, phase, activations, running } of this.#shards) {
      if (phase === "arriving" || phase === "gone") continue;
      described.push({ ...ref, epoch, phase, entities: activations.size, running });
    }
    return described;
  }

  stats(): ExecutorStats {
    let running = 0;
    for (const shard of this.#shards) running += shard.running;
    return { entities: this.#passivation.resident, waiting: this.#loop.waiting, running };
  }

  close(): void {
    this.#timers?.close();
    this.#loop.close();
    this.#passivation.close();
    for (const shard of this.#shards) shard.cancelAbort?.();
  }

  #request(request: EntityRequest): void {
    const shard = this.#shards.get(request);
    if (shard === undefined || shard.phase !== "serving" || shard.epoch !== request.epoch) {
      return this.#reply(request.requestId, bounced);
    }
    const { namespace, type, id, chain } = request;
    const activation = shard.activations.get(namespace, type, id);
    if (chain.length > 0) {
      const key = activation?.key ?? entityKey(namespace, type, id);
      if (chain.includes(key)) {
        const message = `${key} waits for this call itself: ${[...chain, key].join(" -> ")}.`;
        return this.#reply(request.requestId, refuse(reentrant(message)));
      }
    }
    if (activation === undefined) return this.#first(shard, request);
    if (activation.type.commands.has(request.command)) this.#loop.accept(activation, request);
    else this.#refuseCommand(request);
  }

  /** A request to an entity that is not here yet. */
  #first(shard: Shard, request: EntityRequest): void {
    const { namespace, type: typeName, id } = request;
    const type = this.#types.get(typeName);
    if (type === undefined) {
      const message = `This node has no entity type "${typeName}".`;
      return this.#reply(request.requestId, refuse(typeUnknown(message)));
    }
    if (!type.commands.has(request.command)) return this.#refuseCommand(request);
    const isDurable = type.definition.events !== null;
    const fault = addressFault(namespace, id) ?? (isDurable ? idStoreFault(id) : null);
    if (fault !== null) {
      return this.#reply(request.requestId, refuse(commandInvalid(fault, [])));
    }
    const entity = Object.freeze({ namespace, type: typeName, id });
    const key = entityKey(namespace, typeName, id);
    const activation = new Activation(key, entity, type, shard);
    shard.activations.add(activation);
    this.#loop.accept(activation, request);
  }

  #refuseCommand({ requestId, type, command }: EntityRequest): void {
    const known = [...(this.#types.get(type)?.commands.keys() ?? [])].join(", ");
    const message = `Entity type "${type}" has no command "${command}"; known commands: ${known}.`;
    this.#reply(requestId, refuse(commandUnknown(message)));
  }

  /** In its entity's turn, like anybody's command. */
  #fire(timer: DueTimer, shard: Shard, requestId: number): void {
    const { namespace, type, id, command, input } = timer;
    const deadlineMs = this.#clock.monotonicMs() + timerDeadlineMs;
    this.#request({
      ...{ ...shard.ref, epoch: shard.epoch, requestId, namespace, type, id, command, input },
      ...{ deadlineMs, chain: [], key: null, timer },
    });
  }

  #reply(requestId: number, reply: EntityReply, heldMs = 0): void {
    if (this.#timers?.replied(requestId, reply) === true) return;
    if (this.#isTimed) this.#emit({ tag: "reply", requestId, reply, heldMs });
    else this.#emit({ tag: "reply", requestId, reply });
  }

  #emit(message: FromExecutor): void {
    for (const listener of this.#listeners) listener(message);
  }
}
