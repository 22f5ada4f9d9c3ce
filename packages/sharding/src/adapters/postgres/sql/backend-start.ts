/** A backend's start as text that no session setting (time zone, date style) changes. */
export const backendStart = `to_char(backend_start at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
