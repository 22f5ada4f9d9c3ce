import type { StoredEntity } from "../../ports/journal.ts";

/** In the order of the journal's keys. */
export const entityValues = ({ group, shard, type, namespace, id }: StoredEntity): unknown[] => [
  ...[group, shard, type, namespace, id],
];
