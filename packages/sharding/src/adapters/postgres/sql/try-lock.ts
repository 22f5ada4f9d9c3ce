/** `$1`, `$2` the two-integer key. Never waits: a frozen waiter would win the queue. */
export const tryLock = `
select pg_try_advisory_lock($1::int, $2::int) as locked, pg_backend_pid() as "backendPid"`;
