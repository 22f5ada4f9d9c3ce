import { leaseJson } from "./lease-json.ts";

/**
 * The lease of a node that never had one; no row comes back where somebody was faster.
 *
 * `$1` node id, `$2` incarnation, `$3` address, `$4`-`$7` the process (boot id, pid namespace, pid,
 * start time; all null where unknown), `$8`-`$10` the backend (pid, start, application name).
 */
export const takeFirstLease = (schema: string): string => `
insert into ${schema}.leases as l (
  node_id, incarnation, address,
  process_boot_id, process_pid_namespace, process_pid, process_start_time,
  state, renewals, token, backend_pid, backend_started_at, backend_application_name
)
values ($1, $2, $3, $4, $5, $6, $7, 'alive', 0, 1, $8, $9, $10)
on conflict (node_id) do nothing
returning ${leaseJson(schema)} as lease`;
