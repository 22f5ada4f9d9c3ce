import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Epoch, Incarnation } from "../../core/ids.ts";
import type { EntityOptions } from "../../node-api.ts";
import type { AnyEntityDefinition, EntityClient } from "./definition.ts";
import type { EventsIn } from "./emission.ts";
import type { EntityTimers } from "./timers/entity-timers.ts";

/** Who an entity is, within its type. */
export interface EntityId {
  readonly namespace: string;
  readonly id: string;
}

/** What a handler gets besides its input. */
export interface CommandContext<S> {
  /**
   * The entity's state, to be changed in place or replaced whole (`context.state = next`).
   *
   * It becomes the entity's state when the handler succeeds; when the handler throws it is forgotten.
   * Do not touch it after the handler has ended: such a change may be lost.
   *
   * Of a durable entity it is for reading: only the events that the handler emits change it.
   */
  state: S;
  readonly entity: EntityId & { readonly type: string };
  /** Aborted when the caller gives up and when the node has to stop serving before the handler ends. */
  readonly signal: AbortSignal;
  /** For writes to other systems: let them refuse a lower epoch, or an equal one of another incarnation. */
  readonly fence: { readonly epoch: Epoch; readonly incarnation: Incarnation };
  /** Wakes the entity later: durable entities only. */
  readonly timers: EntityTimers;
  /** Where a timer of this entity runs the command: which, and when it was due. Null for callers. */
  readonly timer: { readonly name: string; readonly dueAt: Date } | null;
  /** Calls other entities on behalf of this command: its deadline, cancellation and chain travel along. */
  readonly node: EntityCaller;
}

export interface EntityCaller {
  /**
   * A typed client of another entity.
   *
   * @throws {ReentrantError} (from the call) when that entity, directly or not, waits for this command.
   */
  entity<D extends AnyEntityDefinition>(
    definition: D,
    id: string,
    options?: EntityOptions,
  ): EntityClient<D>;
}

/**
 * One command of an entity: its handler, with the schema of its input beside it.
 *
 * A function type on purpose: TypeScript defers a generic call that returns a function until the
 * other properties of the enclosing definition are known, so that handlers see the type of `state`.
 */
export interface Command<S, Input, Output, Answer> {
  (context: CommandContext<S>, input: Output): Answer;
  /** Null for a command without input. */
  readonly schema: StandardSchemaV1<Input, Output> | null;
  readonly read: ReadGuarantee;
  /** Only for the types: the events that its handler emits. */
  readonly emits?: EventsIn<Awaited<Answer>>;
}

/**
 * What a command of a durable entity that emits nothing rests on. `lease`: memory, under this node's
 * lease. `fenced`: Postgres is asked, too, whether this node still owns the shard: right even where a
 * machine stood still for longer than the lease's margin, for one question more.
 */
export type ReadGuarantee = "lease" | "fenced";

export interface CommandOptions {
  /** @default "lease" */
  readonly read?: ReadGuarantee;
}

/** Any command that works on a state S and emits these events. */
export interface CommandOn<S, Event = never> {
  (context: CommandContext<S>, input: never): unknown;
  readonly schema: StandardSchemaV1 | null;
  readonly read: ReadGuarantee;
  readonly emits?: Event;
}

/** A command whose types are erased: what the executor runs. */
export interface AnyCommand {
  (context: never, input: never): unknown;
  readonly schema: StandardSchemaV1 | null;
  readonly read: ReadGuarantee;
}

/**
 * A command whose input is checked by `schema` at the entity's home, before the handler runs.
 *
 * The answer must be plain data (see `plain-data.ts`); `undefined` arrives as `null`.
 */
export function command<S, Schema extends StandardSchemaV1, Answer>(
  schema: Schema,
  handler: (context: CommandContext<S>, input: StandardSchemaV1.InferOutput<Schema>) => Answer,
  options?: CommandOptions,
): Command<S, StandardSchemaV1.InferInput<Schema>, StandardSchemaV1.InferOutput<Schema>, Answer>;
/** A command without input. */
export function command<S, Answer>(
  handler: (context: CommandContext<S>) => Answer,
  options?: CommandOptions,
): Command<S, undefined, undefined, Answer>;
export function command(
  first: StandardSchemaV1 | ((context: never) => unknown),
  second?: ((context: never, input: never) => unknown) | CommandOptions,
  third?: CommandOptions,
): AnyCommand {
  // Some validators (arktype) are functions themselves: only the second argument tells the forms apart.
  const hasSchema = typeof second === "function";
  const schema = hasSchema ? (first as StandardSchemaV1) : null;
  const handler = hasSchema ? second : (first as (context: never) => unknown);
  const options = hasSchema ? third : (second as CommandOptions | undefined);
  const read = options?.read ?? "lease";
  return Object.assign((context: never, input: never) => handler(context, input), { schema, read });
}
