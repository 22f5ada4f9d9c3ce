/**
 * The timeline that the server writes now. Not `pg_control_checkpoint()`: after a promotion that
 * names the old timeline until the first checkpoint. Every role may call it; on a standby it fails.
 */
export const timeline =
  "('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int";
