import { join } from "node:path";
import { type Role, tokensToEnv } from "../http/roles.ts";
import { Child, type ChildExit, type ChildSpec } from "./child.ts";
import type { Database } from "./database.ts";
import type { LaunchFlags } from "./flags.ts";
import { host, nodePortOf } from "./ports.ts";
import { compileCache, consoleDirectory, endWithLauncher, nodeProgram, root } from "./workspace.ts";

/** What every child needs to know. */
export interface Surroundings {
  readonly flags: LaunchFlags;
  readonly cluster: string;
  readonly databaseUrl: string;
  /** Null: as the databaseUrl. */
  readonly leaseDatabaseUrl: string | null;
  /** Null: the server is somebody else's. */
  readonly restartPostgres: Database["restart"];
  readonly secret: string;
  /** Of nodes and console, one for each role. */
  readonly tokens: Readonly<Record<Role, string>>;
  readonly logs: string;
  readonly say: (line: string) => void;
}

export const nodeIdOf = (index: number): string => `node-${index}`;
export const nodeUrlOf = (flags: LaunchFlags, index: number): string =>
  `http://${host}:${nodePortOf(flags, index)}`;
export const nodeUrls = (flags: LaunchFlags): string[] =>
  Array.from({ length: flags.nodes }, (_, index) => nodeUrlOf(flags, index + 1));
export const consoleUrlOf = (flags: LaunchFlags): string => `http://${host}:${flags.consolePort}`;

/** What a node is told. Other LEASEHOLD_ variables of the launcher's environment pass through. */
export function nodeEnv(index: number, around: Surroundings): NodeJS.ProcessEnv {
  const { flags, leaseDatabaseUrl, secret } = around;
  const env: NodeJS.ProcessEnv = {
    ...shared(around),
    LEASEHOLD_NODE_ID: nodeIdOf(index),
    LEASEHOLD_HOST: host,
    LEASEHOLD_PORT: String(nodePortOf(flags, index)),
    LEASEHOLD_SHARDS: String(flags.shards),
    LEASEHOLD_FAULTS: "on",
    // Everything here listens on loopback: whoever is on this machine may try it with curl.
    LEASEHOLD_OPEN_LOOPBACK: "on",
    LEASEHOLD_SECRET: secret,
  };
  if (flags.lanes !== undefined) env["LEASEHOLD_LANES"] = String(flags.lanes);
  // One address cannot be that of several nodes.
  delete env["LEASEHOLD_ADVERTISE_URL"];
  if (leaseDatabaseUrl === null) delete env["LEASE_DATABASE_URL"];
  else env["LEASE_DATABASE_URL"] = leaseDatabaseUrl;
  return env;
}

export function createNode(
  index: number,
  around: Surroundings,
  hooks: {
    readonly onUnaskedExit: (exit: ChildExit) => Promise<void>;
    readonly onMessage: (message: unknown) => void;
  },
): Child {
  return new Child({
    ...base(nodeIdOf(index), around),
    args: [nodeProgram, "node"],
    cwd: root,
    env: nodeEnv(index, around),
    ...hooks,
  });
}

export function createConsole(around: Surroundings, loadUrl: string): Child {
  const port = String(around.flags.consolePort);
  return new Child({
    ...base("console", around),
    args: ["--import", endWithLauncher, "server.ts"],
    cwd: consoleDirectory,
    env: {
      ...shared(around),
      NODE_ENV: "production",
      NEXT_TELEMETRY_DISABLED: "1",
      LEASEHOLD_NODES: nodeUrls(around.flags).join(","),
      LEASEHOLD_LOAD_URL: loadUrl,
      LEASEHOLD_CONSOLE_HOST: host,
      LEASEHOLD_CONSOLE_PORT: port,
      PORT: port,
    },
  });
}

const shared = (around: Surroundings): NodeJS.ProcessEnv => ({
  ...process.env,
  DATABASE_URL: around.databaseUrl,
  LEASEHOLD_CLUSTER: around.cluster,
  ...tokensToEnv(around.tokens),
  NODE_COMPILE_CACHE: compileCache,
});

const base = (
  name: string,
  { flags, logs, say }: Surroundings,
): Pick<ChildSpec, "name" | "logFile" | "respawnMs" | "say"> => ({
  name,
  logFile: join(logs, `${name}.log`),
  respawnMs: flags.respawnMs,
  say,
});
