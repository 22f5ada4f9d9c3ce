import type { ClusterEventType, ControlMessage } from "@leasehold/sharding";

/** Each once: a new event or message does not compile until it is named here. */
const events = namesOf<ClusterEventType>({
  "coordinator-elected": true,
  "group-created": true,
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

const messages = namesOf<ControlMessage["tag"]>({
  "register-region": true,
  claim: true,
  "shards-hosted": true,
  "handoffs-acked": true,
  "shards-released": true,
  "handoffs-failed": true,
  "host-refused": true,
  admin: true,
  "region-registered": true,
  "region-refused": true,
  "host-shards": true,
  "begin-handoffs": true,
  "stop-shards": true,
  "shards-stopped": true,
  log: true,
  "admin-answer": true,
  "state-chunk": true,
  "state-taken": true,
});

function namesOf<Name extends string>(each: Record<Name, true>): readonly Name[] {
  return Object.keys(each) as Name[];
}

/** Where one step happens: in a statement to Postgres, a frame of the mesh, or an entity's start. */
export type CrashStep =
  | { readonly at: "committing" | "committed"; readonly event: ClusterEventType }
  | { readonly at: "sending" | "sent" | "received"; readonly message: ControlMessage["tag"] }
  | { readonly at: "entity-started" };

/**
 * Every step at which a node can be told to crash (`crash-at {step}`), by its name. docs/faults.md lists
 * them; crash-steps.test.ts holds the page to this.
 *
 * - `committing:<event>`: the statement that writes the event is about to leave.
 * - `committed:<event>`: Postgres has answered it, and this node does not know yet.
 * - `sending:<message>`: the frame that carries the message is about to leave.
 * - `sent:<message>`: the frame has left.
 * - `received:<message>`: the frame has arrived, unread.
 * - `entity-started`: an entity has its first state, and no command of it has begun.
 */
export const crashSteps: ReadonlyMap<string, CrashStep> = new Map<string, CrashStep>([
  ...(["committing", "committed"] as const).flatMap((at) =>
    events.map((event): [string, CrashStep] => [`${at}:${event}`, { at, event }]),
  ),
  ...(["sending", "sent", "received"] as const).flatMap((at) =>
    messages.map((message): [string, CrashStep] => [`${at}:${message}`, { at, message }]),
  ),
  ["entity-started", { at: "entity-started" }],
]);
