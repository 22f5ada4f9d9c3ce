import { leaseJson } from "./lease-json.ts";
import { timeline } from "./timeline.ts";

/**
 * The heartbeat. The other rows are those of the statement's snapshot; the node's own row is the one
 * that it has just written, this session's backend included (after a reconnect it is a new one).
 *
 * `$1` node id, `$2` incarnation, `$3`-`$5` the backend (pid, start, application name), `$6` the lives
 * that it cannot reach.
 */
export const renewLease = (schema: string): string => `
with renewed as (
  update ${schema}.leases
  set
    renewals = renewals + 1,
    backend_pid = $3,
    backend_started_at = $4,
    backend_application_name = $5,
    unreached = $6
  where node_id = $1
    and incarnation = $2
    and state = 'alive'
  returning *
),
present as (
  select * from renewed
  union all
  select * from ${schema}.leases where not exists (select from renewed r where r.node_id = leases.node_id)
)
select
  pg_backend_pid() as "backendPid",
  exists (select from renewed) as renewed,
  (select coalesce(json_agg(${leaseJson(schema)} order by l.node_id), '[]') from present l) as leases,
  (
    select json_build_object(
      'term', c.term, 'seq', c.seq, 'history', c.history, 'nodeId', c.node_id, 'incarnation', c.incarnation
    )
    from ${schema}.coordinator c
  ) as coordinator,
  json_build_object(
    'toCoordinator', exists (select from ${schema}.letters where to_node_id = ''),
    'toNode', exists (select from ${schema}.letters where to_node_id = $1)
  ) as letters,
  ${timeline} as timeline`;
