import { z } from "zod";
import { type AccessSettings, accessEnvironment, readAccess } from "../access/settings.ts";
import { isLoopbackName } from "./loopback.ts";
import { type NodeTokens, nodeTokenNames, readNodeTokens } from "./node-tokens.ts";

/** The console's settings, from the environment. Wrong ones end the start with their names. */
const environment = z.object({
  LEASEHOLD_NODES: z.string().default("http://127.0.0.1:4101"),
  LEASEHOLD_CLUSTER: z.string().default("default"),
  LEASEHOLD_ENV: z.string().default("LOCAL"),
  ...nodeTokenNames,
  LEASEHOLD_CONSOLE_HOST: z.string().default("127.0.0.1"),
  LEASEHOLD_CONSOLE_PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  /** The name that people reach the console by, when it is not the host that it listens on. */
  LEASEHOLD_CONSOLE_ORIGIN: z.url().optional(),
  LEASEHOLD_LOAD_URL: z.url().optional(),
  DATABASE_URL: z.string().optional(),
  ...accessEnvironment,
  /** How long what the console saw is kept. */
  LEASEHOLD_CONSOLE_HISTORY_HOURS: z.coerce.number().positive().max(8760).default(24),
  /** How much of it is kept at most. */
  LEASEHOLD_CONSOLE_HISTORY_MB: z.coerce.number().min(10).max(1_000_000).default(1000),
  /** How long the audit is kept. */
  LEASEHOLD_CONSOLE_AUDIT_DAYS: z.coerce.number().positive().max(36_500).default(90),
});

export interface ConsoleConfig {
  readonly seeds: readonly string[];
  readonly cluster: string;
  readonly environment: string;
  readonly tokens: NodeTokens;
  readonly host: string;
  readonly port: number;
  readonly origin: string | undefined;
  readonly loadUrl: string | undefined;
  readonly databaseUrl: string | undefined;
  readonly access: AccessSettings;
  readonly historyHours: number;
  readonly historyMegabytes: number;
  readonly auditDays: number;
}

/** @throws {Error} naming each setting that cannot be used. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): ConsoleConfig {
  // An empty variable is how shells and compose files write "not set".
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const result = environment.safeParse(set);
  if (!result.success) throw new Error(z.prettifyError(result.error));
  const it = result.data;
  const access = readAccess(it);
  refuseOpenToOthers(it.LEASEHOLD_CONSOLE_HOST, it.LEASEHOLD_CONSOLE_ORIGIN, access);
  return {
    access,
    seeds: it.LEASEHOLD_NODES.split(",")
      .map((url) => url.trim().replace(/\/+$/, ""))
      .filter((url) => url !== ""),
    cluster: it.LEASEHOLD_CLUSTER,
    environment: it.LEASEHOLD_ENV,
    tokens: readNodeTokens(it),
    host: it.LEASEHOLD_CONSOLE_HOST,
    port: it.LEASEHOLD_CONSOLE_PORT,
    origin: it.LEASEHOLD_CONSOLE_ORIGIN,
    loadUrl: it.LEASEHOLD_LOAD_URL,
    databaseUrl: it.DATABASE_URL,
    historyHours: it.LEASEHOLD_CONSOLE_HISTORY_HOURS,
    historyMegabytes: it.LEASEHOLD_CONSOLE_HISTORY_MB,
    auditDays: it.LEASEHOLD_CONSOLE_AUDIT_DAYS,
  };
}

/** Without sign-in whoever reaches the console is an admin: nobody but this machine may. */
function refuseOpenToOthers(
  host: string,
  origin: string | undefined,
  { tokens, oidc }: AccessSettings,
): void {
  if (tokens.length > 0 || oidc !== null) return;
  const wayOut =
    "Set LEASEHOLD_CONSOLE_TOKENS (name:role:token) or LEASEHOLD_CONSOLE_OIDC_ISSUER, as " +
    "docs/console-access.md shows, or leave the console to this machine.";
  if (!isLoopbackName(host)) {
    throw new Error(
      `LEASEHOLD_CONSOLE_HOST=${host} is not a loopback address and nobody has to sign in: ` +
        `anybody who reaches the port could move shards. ${wayOut}`,
    );
  }
  if (origin !== undefined && !isLoopbackName(new URL(origin).hostname)) {
    throw new Error(
      `LEASEHOLD_CONSOLE_ORIGIN=${origin} brings others here and nobody has to sign in: ` +
        `anybody who opens it could move shards. ${wayOut}`,
    );
  }
}
