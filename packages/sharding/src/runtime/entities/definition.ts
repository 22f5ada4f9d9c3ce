import { OptionsError } from "../../errors.ts";
import type { AnyCommand, Command, CommandOn, EntityId } from "./command.ts";
import type { AnswerOf, EventOf, Fold, Folds } from "./emission.ts";

export { type CommandContext, command, type EntityCaller, type EntityId } from "./command.ts";
export { emit, remove } from "./emission.ts";

/** What {@link defineEntity} takes. */
export interface EntitySpec<S, C, D = unknown> {
  /**
   * The state of an entity that nobody has called yet. Plain data; it must not depend on anything but the id.
   *
   * Annotate the parameter where you use it, `(entity: EntityId) => ...`: otherwise TypeScript cannot
   * tell the handlers the type of the state.
   */
  readonly state: (entity: EntityId) => S;
  /**
   * Makes the entity durable: its events by name, each with how it changes the state. Commands return
   * them with `emit`, they are stored in Postgres before the command is answered, and the state is folded
   * from them wherever the entity is loaded next.
   *
   * What is stored is folded for ever: a name keeps its meaning, and its data what it has. Events must not
   * be taken away, only added.
   * @default none: the entity is volatile
   */
  readonly events?: Folds<S, D>;
  /**
   * How the data of an event that was stored in an older shape becomes the present one: by the event's name, a
   * step for each change of its shape, oldest first. Add to the end; what is stored says how many steps it
   * has behind it.
   * @default none
   */
  readonly upcasts?: Readonly<Record<string, readonly Upcast[]>>;
  /**
   * After so many events a durable entity's state is kept in Postgres, so that loading it folds only those
   * that came after. Also after 256 Ki characters of events.
   * @unit events @default 100 @minimum 1
   */
  readonly snapshotEvery?: number;
  /**
   * How many events stay in Postgres below the state that was kept last; older ones are deleted with each
   * snapshot. Whoever follows the events from further back misses some, and a new `stateVersion` cannot be folded
   * any more: keep them, unless they are many and nobody asks for them.
   * @unit events @default all of them @minimum 0
   */
  readonly keepEvents?: number;
  /**
   * Raise it when the state gets another shape, or a fold another meaning: states that were kept under another
   * number are not used, and the events are folded from the first.
   * @default 1 @minimum 1
   */
  readonly stateVersion?: number;
  readonly commands: C;
  /** The shard group that entities of this type live in. @default "default" */
  readonly group?: string;
  /**
   * Unload an entity that was idle for so long.
   *
   * A volatile entity has no other copy. Without this option it is unloaded only while its state equals
   * the initial one, which nobody can notice. Setting it says that the state may be forgotten.
   * @unit milliseconds @default 600000 @minimum 1
   */
  readonly passivateAfterMs?: number;
  /**
   * Most entities of this type that one node keeps loaded. At the limit the least recently used one
   * that may be unloaded makes room; where none may, new ids are refused with `OVERLOADED`.
   * @default 100000 @minimum 1
   */
  readonly residentLimit?: number;
  /** Most commands that may wait for one entity; more are refused with `OVERLOADED`. @default 1024 @minimum 1 */
  readonly mailboxLimit?: number;
  /**
   * Whether a handler that throws leaves no trace in the state. It costs a copy of the state per
   * command. `false` for states too large to copy: their handlers must change the state last, and whether
   * the state is plain data shows only when the shard moves.
   * @default true
   */
  readonly restoreOnThrow?: boolean;
}

/** An entity type, checked and with its defaults filled in. */
export interface EntityDefinition<S, C> {
  readonly type: string;
  readonly group: string;
  readonly state: (entity: EntityId) => S;
  readonly commands: Readonly<C>;
  /** The folds of a durable entity by the name of their event; null for a volatile one. */
  readonly events: Readonly<Record<string, AnyFold>> | null;
  readonly upcasts: Readonly<Record<string, readonly Upcast[]>>;
  /** @unit events */
  readonly snapshotEvery: number;
  readonly stateVersion: number;
  /** Below the latest snapshot; null: all. @unit events */
  readonly keepEvents: number | null;
  /** @unit milliseconds */
  readonly passivateAfterMs: number;
  /** Whether an idle entity may be unloaded although its state is then gone. */
  readonly mayForget: boolean;
  readonly residentLimit: number;
  readonly mailboxLimit: number;
  readonly restoreOnThrow: boolean;
}

/** One step of an event's data from a shape to the next. Gets data of its own, and gives the next. */
export type Upcast = (data: unknown) => unknown;

/** A fold whose types are erased. */
export type AnyFold = Fold<unknown, unknown>;

/** A definition whose types are erased. */
export type AnyEntityDefinition = EntityDefinition<unknown, Readonly<Record<string, AnyCommand>>>;

/** One method per command. */
export type EntityClient<D extends AnyEntityDefinition> = {
  readonly [K in keyof D["commands"]]: ClientMethod<D["commands"][K]>;
};

type ClientMethod<C> =
  C extends Command<infer _S, infer Input, infer _Output, infer Answer>
    ? undefined extends Input
      ? (input?: Input) => Promise<Answered<AnswerOf<Awaited<Answer>>>>
      : (input: Input) => Promise<Answered<AnswerOf<Awaited<Answer>>>>
    : never;

/** `undefined` does not survive the wire: it arrives as null. */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler without a return answers void.
type Answered<A> = A extends undefined | void ? null : A;

export const entityDefaults = {
  group: "default",
  snapshotEvery: 100,
  stateVersion: 1,
  passivateAfterMs: 600_000,
  residentLimit: 100_000,
  mailboxLimit: 1024,
  restoreOnThrow: true,
} as const;

/**
 * Defines an entity type.
 *
 * `NoInfer`, so that a definition written where an `AnyEntityDefinition` is expected keeps its types.
 *
 * @param type its name in addresses and URLs: a letter, then letters, digits, `.`, `_` or `-`; at most 64.
 * @throws {OptionsError} naming what is wrong.
 */
export function defineEntity<
  S,
  C extends Readonly<Record<string, CommandOn<S, EventOf<D>>>>,
  // biome-ignore lint/complexity/noBannedTypes: no events at all, so that a volatile entity can emit none.
  D = {},
>(type: string, spec: EntitySpec<S, C, D>): EntityDefinition<NoInfer<S>, NoInfer<C>> {
  checkName("entity type", type);
  const group = spec.group ?? entityDefaults.group;
  checkName(`group of entity type "${type}"`, group);
  if (typeof spec.state !== "function") {
    throw new OptionsError(
      `Entity type "${type}": state must be a function that makes the initial state.`,
    );
  }
  checkCommands(type, spec.commands);
  checkEvents(type, spec.events);
  checkUpcasts(type, spec);
  const definition: EntityDefinition<S, C> = {
    type,
    group,
    state: spec.state,
    commands: spec.commands,
    events: (spec.events as EntityDefinition<S, C>["events"] | undefined) ?? null,
    upcasts: spec.upcasts ?? {},
    snapshotEvery: spec.snapshotEvery ?? entityDefaults.snapshotEvery,
    stateVersion: spec.stateVersion ?? entityDefaults.stateVersion,
    keepEvents: spec.keepEvents ?? null,
    passivateAfterMs: spec.passivateAfterMs ?? entityDefaults.passivateAfterMs,
    // A durable one is folded again from its events.
    mayForget: spec.passivateAfterMs !== undefined || spec.events !== undefined,
    residentLimit: spec.residentLimit ?? entityDefaults.residentLimit,
    mailboxLimit: spec.mailboxLimit ?? entityDefaults.mailboxLimit,
    restoreOnThrow: spec.restoreOnThrow ?? entityDefaults.restoreOnThrow,
  };
  checkCount(type, "snapshotEvery", definition.snapshotEvery);
  checkCount(type, "stateVersion", definition.stateVersion);
  if (definition.keepEvents !== null) checkCount(type, "keepEvents", definition.keepEvents, 0);
  checkAtLeastOne(type, "passivateAfterMs", definition.passivateAfterMs);
  checkAtLeastOne(type, "residentLimit", definition.residentLimit);
  checkAtLeastOne(type, "mailboxLimit", definition.mailboxLimit);
  return Object.freeze(definition);
}

/** No slash: `namespace/type/id` must name one entity only. */
const namePattern = /^[a-zA-Z][a-zA-Z0-9._-]{0,63}$/;

// A client is an object with a method per command: awaiting it, printing it or turning it into JSON
// must not call the entity.
export const reservedCommands: ReadonlySet<string> = new Set([
  ...Object.getOwnPropertyNames(Object.prototype),
  ...["then", "catch", "finally", "toJSON", "inspect"],
]);

function checkName(what: string, name: string): void {
  if (typeof name === "string" && namePattern.test(name)) return;
  throw new OptionsError(
    `Bad ${what} ${JSON.stringify(name)}: it must start with a letter and have at most 64 letters, digits, ".", "_" or "-".`,
  );
}

function checkCommands(type: string, commands: Readonly<Record<string, AnyCommand>>): void {
  const names = Object.keys(commands ?? {});
  if (names.length === 0) throw new OptionsError(`Entity type "${type}" has no commands.`);
  for (const name of names) {
    if (reservedCommands.has(name)) {
      throw new OptionsError(
        `Entity type "${type}": "${name}" is reserved and cannot name a command.`,
      );
    }
    checkName(`command of entity type "${type}"`, name);
    const entry: unknown = commands[name];
    if (typeof entry !== "function" || !("schema" in entry)) {
      throw new OptionsError(
        `Entity type "${type}": "${name}" was not made by command(schema, handler) or command(handler).`,
      );
    }
    checkSchema(type, name, entry.schema);
  }
}

function checkEvents(type: string, events: Readonly<Record<string, unknown>> | undefined): void {
  if (events === undefined) return;
  const names = Object.keys(events);
  if (names.length === 0) throw new OptionsError(`Entity type "${type}": events is empty.`);
  for (const name of names) {
    checkName(`event of entity type "${type}"`, name);
    if (typeof events[name] === "function") continue;
    throw new OptionsError(
      `Entity type "${type}": the event "${name}" needs a function from state and data to the next state.`,
    );
  }
}

function checkUpcasts(
  type: string,
  { events, upcasts }: Pick<EntitySpec<never, unknown>, "events" | "upcasts">,
): void {
  for (const [name, steps] of Object.entries(upcasts ?? {})) {
    if (!Object.hasOwn(events ?? {}, name)) {
      throw new OptionsError(`Entity type "${type}": upcasts names "${name}", which is no event.`);
    }
    if (Array.isArray(steps) && steps.every((step) => typeof step === "function")) continue;
    throw new OptionsError(
      `Entity type "${type}": the upcasts of "${name}" must be a list of functions from data to data.`,
    );
  }
}

function checkSchema(type: string, name: string, schema: unknown): void {
  if (schema === null) return;
  const standard = (schema as { "~standard"?: { validate?: unknown } } | undefined)?.["~standard"];
  if (typeof standard?.validate === "function") return;
  throw new OptionsError(
    `Entity type "${type}": the schema of "${name}" is not a Standard Schema (zod, valibot and arktype make them).`,
  );
}

/** Postgres keeps them as whole numbers of 31 bits. */
function checkCount(type: string, option: string, value: number, least = 1): void {
  if (Number.isInteger(value) && value >= least && value < 2 ** 31) return;
  throw new OptionsError(
    `Entity type "${type}": ${option} (${value}) must be a whole number of at least ${least}.`,
  );
}

function checkAtLeastOne(type: string, option: string, value: number): void {
  if (Number.isFinite(value) && value >= 1) return;
  throw new OptionsError(
    `Entity type "${type}": ${option} (${value}) must be a number of at least 1.`,
  );
}
