/** `$1` to `$5` name an entity, in the order of the journal's keys. */
export const ofEntity = `
where group_name = $1
  and shard = $2
  and entity_type = $3
  and namespace = $4
  and entity_id = $5`;

/** Whether the rows of two tables or aliases are of the same entity. */
export const sameEntity = (a: string, b: string): string =>
  ["group_name", "shard", "entity_type", "namespace", "entity_id"]
    .map((column) => `${a}.${column} = ${b}.${column}`)
    .join(" and ");
