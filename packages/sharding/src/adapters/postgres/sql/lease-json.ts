/**
 * A row of `leases` (under the name `l`) as the port's `LeaseRow`.
 *
 * A parent's word about an exit counts only for the process that the lease names: the same node id
 * may run again, elsewhere, before that parent gets to say it.
 */
export const leaseJson = (schema: string): string => `json_build_object(
  'nodeId', l.node_id,
  'incarnation', l.incarnation,
  'address', l.address,
  'process', case when l.process_pid is not null then json_build_object(
    'bootId', l.process_boot_id,
    'pidNamespace', l.process_pid_namespace,
    'pid', l.process_pid,
    'startTime', l.process_start_time
  ) end,
  'state', l.state,
  'renewals', l.renewals,
  'token', l.token,
  'backend', json_build_object(
    'pid', l.backend_pid,
    'startedAt', l.backend_started_at,
    'applicationName', l.backend_application_name
  ),
  'unreached', l.unreached,
  'exited', exists (
    select from ${schema}.exits x
    where x.node_id = l.node_id
      and x.incarnation = l.incarnation
      and (l.process_pid is null or x.pid = l.process_pid)
  )
)`;
