import type { GroupName } from "../../core/ids.ts";
import type { GroupDeclaration } from "../../core/log.ts";
import { OptionsError } from "../../errors.ts";
import { type AnyEntityDefinition, entityDefaults } from "./definition.ts";

/** The entity types that a node runs, and the shard groups that they live in. */
export interface Catalog {
  readonly types: ReadonlyMap<string, AnyEntityDefinition>;
  /** `default` is always among them, so that a node without entities agrees with the others. */
  readonly groups: readonly GroupDeclaration[];
}

/**
 * @param each what every group gets: its count of shards and its strategy.
 * @throws {OptionsError} when two definitions share a type.
 */
export function catalogOf(
  definitions: readonly AnyEntityDefinition[],
  each: Omit<GroupDeclaration, "group"> = { shards: 256, strategy: "least-loaded" },
): Catalog {
  const types = new Map<string, AnyEntityDefinition>();
  const groups = new Set<GroupName>([entityDefaults.group]);
  for (const definition of definitions) {
    if (types.has(definition.type)) {
      throw new OptionsError(
        `Two of the entities are defined as type "${definition.type}"; a type names one definition.`,
      );
    }
    types.set(definition.type, definition);
    groups.add(definition.group);
  }
  return { types, groups: [...groups].map((group) => ({ group, ...each })) };
}
