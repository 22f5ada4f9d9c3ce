/** `$1` node id, `$2` incarnation. A released row stays released; a dead one stays dead. */
export const releaseLease = (schema: string): string => `
update ${schema}.leases
set state = 'released'
where node_id = $1
  and incarnation = $2
  and state = 'alive'`;
