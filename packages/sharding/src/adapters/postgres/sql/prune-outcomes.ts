/** `$1` how many at most. Rows that another statement holds are left for the next time. */
export const pruneOutcomes = (schema: string): string => `
delete from ${schema}.outcomes
where ctid = any (array(
  select ctid
  from ${schema}.outcomes
  where expires_at <= clock_timestamp()
  order by expires_at
  limit $1
  for update skip locked
))`;
