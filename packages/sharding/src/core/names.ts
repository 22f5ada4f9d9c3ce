import type { ClusterEventType } from "./log.ts";
import type { ControlMessage } from "./messages.ts";

/** A new one does not compile until it is named here. */
const namesOf = <Name extends string>(each: Readonly<Record<Name, true>>): readonly Name[] =>
  Object.keys(each) as Name[];

/** Every type of event in the cluster log. */
export const clusterEventTypes: readonly ClusterEventType[] = namesOf<ClusterEventType>({
  "coordinator-elected": true,
  "group-created": true,
  "group-scaled": true,
  "node-joined": true,
  "node-draining": true,
  "node-drained": true,
  "node-restored": true,
  "node-dead": true,
  "node-evicted": true,
  "node-cordoned": true,
  "node-uncordoned": true,
  "shard-assigned": true,
  "shard-hosted": true,
  "shard-vacated": true,
  "handoff-began": true,
  "shard-pinned": true,
  "shard-unpinned": true,
  "plan-proposed": true,
  "plan-state-changed": true,
  "move-state-changed": true,
});

/** Every message on the control socket, by its tag. */
export const controlMessageTags: readonly ControlMessage["tag"][] = namesOf<ControlMessage["tag"]>({
  "register-region": true,
  claim: true,
  "shards-hosted": true,
  "handoffs-acked": true,
  "shards-released": true,
  "handoffs-failed": true,
  "shards-stopped": true,
  "host-refused": true,
  "shard-loads": true,
  admin: true,
  "region-registered": true,
  "region-refused": true,
  "host-shards": true,
  "begin-handoffs": true,
  "stop-shards": true,
  log: true,
  "admin-answer": true,
  "state-chunk": true,
  "state-taken": true,
  "warm-state": true,
  "follow-events": true,
  "events-stored": true,
});
