import type { Catalog } from "./catalog.ts";
import type { AnyCommand } from "./command.ts";
import type { AnyEntityDefinition } from "./definition.ts";
import { Residents } from "./residents.ts";

/** An entity type as the executor runs it. */
export interface EntityType {
  readonly definition: AnyEntityDefinition;
  /** A map, because names come from outside: a record would answer for `constructor`. */
  readonly commands: ReadonlyMap<string, AnyCommand>;
  readonly residents: Residents;
}

export const entityTypesOf = (catalog: Catalog): ReadonlyMap<string, EntityType> =>
  new Map(
    [...catalog.types].map(([name, definition]) => [
      name,
      {
        definition,
        commands: new Map(Object.entries(definition.commands)),
        residents: new Residents(),
      },
    ]),
  );
