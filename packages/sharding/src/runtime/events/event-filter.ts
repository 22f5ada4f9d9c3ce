import { shardOf } from "../../core/hash.ts";
import type { GroupName, ShardRef } from "../../core/ids.ts";
import { OptionsError } from "../../errors.ts";
import type { EventFilter } from "../../event-api.ts";
import type { FeedFilter } from "../../ports/event-feed.ts";
import type { AnyEntityDefinition } from "../entities/definition.ts";
import { addressFault, idStoreFault } from "../entities/entity-key.ts";

/** Where entities of a type live. */
export type PlaceOf = (type: string) => { readonly group: GroupName; readonly shards: number };

export interface Scope {
  readonly filter: FeedFilter;
  /** Null: all shards. */
  readonly only: ShardRef | null;
}

/**
 * What a subscription asks for, checked.
 *
 * @throws {OptionsError} naming what is wrong; {EntityTypeUnknownError} where an entity's type is unknown here.
 */
export function scopeOf(
  { namespace = "default", types, entity }: EventFilter,
  known: ReadonlyMap<string, AnyEntityDefinition>,
  placeOf: PlaceOf,
): Scope {
  const namespaces = typeof namespace === "string" ? [namespace] : namespace;
  mustNameSome("namespace", namespaces);
  for (const name of namespaces) {
    const fault = addressFault(name, "any");
    if (fault !== null) throw new OptionsError(fault);
  }
  const of = { namespaces, withEvents: true };
  if (entity === undefined) {
    if (types !== undefined) mustNameSome("types", types);
    for (const type of types ?? []) mustBeDurable(type, known);
    return { filter: { ...of, types: types ?? null, id: null }, only: null };
  }
  if (types !== undefined) {
    throw new OptionsError("Give types or entity, not both: an entity has its type.");
  }
  const [only] = namespaces;
  if (only === undefined || namespaces.length > 1) {
    throw new OptionsError("An entity is of one namespace: give that one.");
  }
  const { type, id } = entity;
  const shard = shardOfDurable({ namespace: only, type, id }, known, placeOf);
  return { filter: { ...of, types: [type], id }, only: shard };
}

/**
 * Where the events of an entity are.
 *
 * @throws {OptionsError} the address is none, or the type stores no events; {EntityTypeUnknownError}.
 */
export function shardOfDurable(
  {
    namespace,
    type,
    id,
  }: { readonly namespace: string; readonly type: string; readonly id: string },
  known: ReadonlyMap<string, AnyEntityDefinition>,
  placeOf: PlaceOf,
): ShardRef {
  const fault = addressFault(namespace, id) ?? idStoreFault(id);
  if (fault !== null) throw new OptionsError(fault);
  const { group, shards } = placeOf(type);
  mustBeDurable(type, known);
  return { group, shard: shardOf(namespace, type, id, shards) };
}

/** @throws {OptionsError} for a type that this node runs and that stores no events. */
function mustBeDurable(type: string, known: ReadonlyMap<string, AnyEntityDefinition>): void {
  if (known.get(type)?.events !== null) return;
  throw new OptionsError(`Entity type "${type}" is volatile: it has no events and no version.`);
}

function mustNameSome(what: string, names: unknown): void {
  const isList = Array.isArray(names) && names.length > 0;
  const isName = (name: unknown): boolean =>
    typeof name === "string" && name !== "" && idStoreFault(name) === null;
  if (isList && names.every(isName)) return;
  throw new OptionsError(`${what} must name at least one, by text that Postgres can store.`);
}
