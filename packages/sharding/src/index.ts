/** What users of the library rely on. */
export type * from "./core/belief.ts";
export type * from "./core/log.ts";
export type * from "./core/messages.ts";
export { clusterEventTypes, controlMessageTags } from "./core/names.ts";
export * from "./errors.ts";
export type * from "./event-api.ts";
export type * from "./node-api.ts";
export { defaultOptions } from "./options.ts";
export type { Grant, Lease, LeaseFactory } from "./ports/lease.ts";
export type { MessageListener } from "./runtime/broadcast.ts";
export type * from "./runtime/entities/command.ts";
export type * from "./runtime/entities/definition.ts";
export { command, defineEntity, emit, remove } from "./runtime/entities/definition.ts";
export type { Emission, Fold } from "./runtime/entities/emission.ts";
export type * from "./runtime/entities/entity-view.ts";
export type { EntityTimers } from "./runtime/entities/timers/entity-timers.ts";
export type { TimerSpec } from "./runtime/entities/timers/timer-spec.ts";
export { startNode } from "./start-node.ts";
