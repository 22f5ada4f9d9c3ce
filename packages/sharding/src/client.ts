/** For programs that are not nodes, in Node.js and in browsers: nothing in here needs more than `fetch`. */
export { type Client, type ClientOptions, createClient } from "./client/create-client.ts";
export * from "./errors.ts";
export type { AskAnswer, AskRequest, EntityOptions } from "./node-api.ts";
export type { AnyEntityDefinition, EntityClient } from "./runtime/entities/definition.ts";
