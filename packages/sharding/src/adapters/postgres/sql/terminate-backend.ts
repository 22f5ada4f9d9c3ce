import { backendStart } from "./backend-start.ts";

/**
 * `$1` pid, `$2` start, `$3` application name: a successor on the same pid differs in one of them.
 * Of another role's backends only the pid can be seen, so they never match.
 */
export const terminateBackend = `
select pg_terminate_backend(pid) as terminated
from pg_stat_activity
where pid = $1
  and ${backendStart} = $2
  and application_name = $3`;
