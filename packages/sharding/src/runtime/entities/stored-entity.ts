import type { StoredEntity } from "../../ports/journal.ts";
import type { Activation } from "./activation.ts";

/** An entity as the journal names it. */
export const storedEntity = ({ shard, entity }: Activation): StoredEntity => ({
  ...shard.ref,
  ...{ namespace: entity.namespace, type: entity.type, id: entity.id },
});
