export * from "./errors.ts";
export type * from "./node-api.ts";
export type * from "./core/belief.ts";
export type * from "./core/log.ts";
export type * from "./core/messages.ts";
