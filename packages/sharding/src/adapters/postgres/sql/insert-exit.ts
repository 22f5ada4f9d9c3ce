/** `$1` node id, `$2` incarnation, `$3` pid. Saying it twice changes nothing. */
export const insertExit = (schema: string): string => `
insert into ${schema}.exits (node_id, incarnation, pid)
values ($1, $2, $3)
on conflict (node_id, incarnation) do nothing`;
