import {
  type ClusterEventType,
  type ControlMessage,
  clusterEventTypes,
  controlMessageTags,
} from "@leasehold/sharding";

/** Where one step happens: in a statement to Postgres, a frame of the mesh, or an entity's start, in whichever thread. */
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
    clusterEventTypes.map((event): [string, CrashStep] => [`${at}:${event}`, { at, event }]),
  ),
  ...(["sending", "sent", "received"] as const).flatMap((at) =>
    controlMessageTags.map((message): [string, CrashStep] => [`${at}:${message}`, { at, message }]),
  ),
  ["entity-started", { at: "entity-started" }],
]);
