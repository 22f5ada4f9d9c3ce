import { OptionsError } from "../errors.ts";
import type { AnyEntityDefinition } from "../runtime/entities/definition.ts";

/**
 * The entity types that a module exports, under whatever names. Each lane loads it anew, and whatever it imports: what
 * a module keeps outside of its entities is there once per thread.
 *
 * @throws {OptionsError} there are none. What the module throws, as it is.
 */
export async function loadEntities(module: URL): Promise<readonly AnyEntityDefinition[]> {
  const found = entitiesOf(await import(module.href));
  if (found.length > 0) return found;
  throw new OptionsError(
    `${module.href} exports no entity type: export what defineEntity returns.`,
  );
}

/** Those among the values that a module exports. */
export const entitiesOf = (
  exported: Readonly<Record<string, unknown>>,
): readonly AnyEntityDefinition[] =>
  [...new Set(Object.values(exported))].filter(isEntityDefinition);

const isEntityDefinition = (value: unknown): value is AnyEntityDefinition =>
  typeof value === "object" &&
  value !== null &&
  "type" in value &&
  typeof value.type === "string" &&
  "state" in value &&
  typeof value.state === "function" &&
  "commands" in value &&
  typeof value.commands === "object";
