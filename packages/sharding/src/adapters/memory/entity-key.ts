import type { StoredEntity } from "../../ports/journal.ts";

/** An entity as a key of these tables. */
export const keyOf = ({ group, shard, namespace, type, id }: StoredEntity): string =>
  JSON.stringify([group, shard, type, namespace, id]);
