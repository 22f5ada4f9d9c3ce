/** What a server must be before a lease may rest on it, and which backend answers. */
export const inspectServer = `
select
  pg_backend_pid() as "backendPid",
  current_setting('server_version_num')::int as "versionNumber",
  current_setting('server_version') as version,
  pg_is_in_recovery() as "inRecovery",
  current_setting('fsync') as fsync,
  current_setting('synchronous_commit') as "synchronousCommit"`;
