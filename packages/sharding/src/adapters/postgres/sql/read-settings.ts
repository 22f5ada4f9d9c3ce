import { backendStart } from "./backend-start.ts";

/** `$1` names: the settings of this session in their base units, and the session as others see it. */
export const readSettings = `
select
  pid as "backendPid",
  ${backendStart} as "startedAt",
  application_name as "applicationName",
  (select json_object_agg(name, setting) from pg_settings where name = any ($1::text[])) as settings
from pg_stat_activity
where pid = pg_backend_pid()`;
