import { daemonGroup } from "../../core/daemons.ts";
import type { GroupName } from "../../core/ids.ts";
import type { GroupDeclaration } from "../../core/log.ts";
import { OptionsError } from "../../errors.ts";
import type { DaemonDefinition } from "../daemons/definition.ts";
import { type AnyEntityDefinition, entityDefaults } from "./definition.ts";

/** What a node runs, and the shard groups that it lives in. */
export interface Catalog {
  readonly types: ReadonlyMap<string, AnyEntityDefinition>;
  readonly daemons: ReadonlyMap<GroupName, DaemonDefinition>;
  /** `default` is always among them, so that a node without entities agrees with the others. */
  readonly groups: readonly GroupDeclaration[];
}

/**
 * @param each what every group of entities gets: its count of shards and its strategy.
 * @throws {OptionsError} when two definitions share a name.
 */
export function catalogOf(
  definitions: readonly AnyEntityDefinition[],
  each: Omit<GroupDeclaration, "group"> = { shards: 256, strategy: "least-loaded" },
  daemons: readonly DaemonDefinition[] = [],
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
  const ofEntities = [...groups].map((group) => ({ group, ...each }));
  const ofDaemons = daemons.map(groupOfDaemon);
  return { types, daemons: byGroup(daemons), groups: [...ofEntities, ...ofDaemons] };
}

function byGroup(daemons: readonly DaemonDefinition[]): Catalog["daemons"] {
  const known = new Map<GroupName, DaemonDefinition>();
  for (const definition of daemons) {
    const group = daemonGroup(definition.name);
    if (known.has(group)) {
      throw new OptionsError(`Two of the daemons are named "${definition.name}".`);
    }
    known.set(group, definition);
  }
  return known;
}

/** Spread by counting: with a lottery, a daemon of three workers would often have two on one node. */
const groupOfDaemon = ({ name, workers }: DaemonDefinition): GroupDeclaration => ({
  ...{ group: daemonGroup(name), shards: workers, workers },
  strategy: "least-loaded",
});
