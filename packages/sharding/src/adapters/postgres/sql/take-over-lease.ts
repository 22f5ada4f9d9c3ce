import { leaseJson } from "./lease-json.ts";

/**
 * Replaces one life of a node by the next, if the row is still the one that was judged.
 *
 * `$1`-`$10` as in take-first-lease.ts; `$11` incarnation, `$12` state and `$13` renewals expected.
 */
export const takeOverLease = (schema: string): string => `
update ${schema}.leases l
set
  incarnation = $2,
  address = $3,
  process_boot_id = $4,
  process_pid_namespace = $5,
  process_pid = $6,
  process_start_time = $7,
  state = 'alive',
  renewals = 0,
  token = l.token + 1,
  backend_pid = $8,
  backend_started_at = $9,
  backend_application_name = $10,
  unreached = '{}'
where l.node_id = $1
  and l.incarnation = $11
  and l.state = $12
  and l.renewals = $13
returning ${leaseJson(schema)} as lease`;
