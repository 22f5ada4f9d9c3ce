/** `$1` names, `$2` values: settings of this session. */
export const setSettings = `
select set_config(name, value, false)
from unnest($1::text[], $2::text[]) as wanted (name, value)`;
