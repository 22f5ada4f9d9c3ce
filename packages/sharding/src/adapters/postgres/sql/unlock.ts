/** `$1`, `$2` the two-integer key. */
export const unlock = `
select pg_advisory_unlock($1::int, $2::int) as held`;
