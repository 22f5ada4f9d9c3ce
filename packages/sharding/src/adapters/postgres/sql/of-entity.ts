const keys = ["group_name", "shard", "entity_type", "namespace", "entity_id"];

/** Five parameters from `$first` on name an entity, in the order of the journal's keys. */
export const entityFrom = (first: number): string =>
  `where ${keys.map((column, index) => `${column} = $${first + index}`).join(" and ")}`;

/** `$1` to `$5` name an entity. */
export const ofEntity = entityFrom(1);

/**
 * Deletes events, by the places of their rows: those are found in the order that only the entity's own key has.
 *
 * In a journal in parts another part has rows at the same places, of other shards; no key is offered for the
 * comparison with the shard, because the planner would take it.
 *
 * @param first of the five parameters that name the entity
 * @param which more about the events, and when they go
 */
export const deleteEventsOf = (
  schema: string,
  first: number,
  which: { readonly of: string; readonly when: string },
): string => `
delete from ${schema}.journal
where group_name || '' = $${first}
  and shard + 0 = $${first + 1}
  and ctid = any (array(
    select ctid from ${schema}.journal ${entityFrom(first)} ${which.of} order by version
  ))
  and ${which.when}`;

/** Whether the rows of two tables or aliases are of the same entity. */
export const sameEntity = (a: string, b: string): string =>
  keys.map((column) => `${a}.${column} = ${b}.${column}`).join(" and ");
