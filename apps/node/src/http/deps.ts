import type { LogFn, ShardingNode } from "@leasehold/sharding";
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { FaultEngine } from "../faults/types.ts";
import type { Access } from "./access.ts";
import type { Connections } from "./connections.ts";
import type { Role } from "./roles.ts";

/** What the routes ask of the service around them. */
export interface HttpDeps {
  readonly access: Access;
  readonly connections: Connections;
  /** Null on a node that was started without faults. */
  readonly faults: FaultEngine | null;
  readonly log: LogFn;
  /** Null until the node has joined for the first time. */
  readonly findNode: () => ShardingNode | null;
  readonly isLeaving: () => boolean;
  /** Observation clients, for `/metrics`. */
  readonly observers: () => number;
  /** Called after a fault was set or healed, so that observers hear of it soon. */
  readonly onFaultsChanged: () => void;
}

export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

export type Routes = (app: App, deps: HttpDeps) => void;

declare module "fastify" {
  interface FastifyContextConfig {
    /** The least role that may call it; `anyone` without a token: health, metrics, the description of the API. */
    readonly needs?: Role | "anyone";
  }
}
