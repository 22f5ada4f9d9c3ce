import type { NodeOptions } from "@leasehold/sharding";
import { readSettings } from "../config/read-config.ts";
import { consoleUrlOf, type Surroundings } from "./children.ts";
import { host } from "./ports.ts";

/** The cluster that the launcher has started, for an application's own part beside its nodes. */
export interface LaunchedCluster {
  /** What a node of the application's own needs to join it, for instance a proxy. */
  readonly joining: Pick<
    NodeOptions,
    "databaseUrl" | "leaseDatabaseUrl" | "cluster" | "secret" | "shards" | "leaseTtlMs"
  >;
  /** Where the application may listen: `--node-port` itself, which no node takes. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Null without a console. */
  readonly consoleUrl: string | null;
}

/** What runs beside the nodes, in the launcher's process. */
export interface Beside {
  /** Said first in the ready line, as `name=place`. */
  readonly places: Readonly<Record<string, string>>;
  /** Called before the nodes are stopped. */
  stop(): Promise<void>;
}

/** @throws {LaunchError} the message says what is in the way. */
export type StartBeside = (cluster: LaunchedCluster) => Promise<Beside>;

export const nothingBeside: StartBeside = async () => ({ places: {}, stop: async () => undefined });

export function besideCluster({
  flags,
  cluster,
  databaseUrl,
  leaseDatabaseUrl,
  secret,
}: Surroundings): LaunchedCluster {
  const { shards } = flags;
  // The nodes read it from the same environment.
  const { leaseTtlMs } = readSettings(process.env, {}, ["leaseTtlMs"]);
  const direct = leaseDatabaseUrl === null ? {} : { leaseDatabaseUrl };
  return {
    joining: { databaseUrl, ...direct, cluster, secret, shards, leaseTtlMs },
    listen: { host, port: flags.nodePort },
    consoleUrl: flags.console ? consoleUrlOf(flags) : null,
  };
}
