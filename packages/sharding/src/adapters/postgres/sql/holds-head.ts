/** `$1` group, `$2` shard, `$3` epoch, `$4` life. A claim that has committed before is seen. */
export const holdsHead = (schema: string): string => `
select exists (
  select from ${schema}.heads
  where group_name = $1
    and shard = $2
    and epoch = $3
    and incarnation = $4
) as holds`;
