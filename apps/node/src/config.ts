import { schemaNameOf } from "@leasehold/db";
import { z } from "zod";
import {
  decimal,
  httpOrigin,
  integer,
  labels,
  onOff,
  postgresUrl,
  type SettingValue,
  setting,
} from "./config/setting.ts";

const token = z.string().regex(/^[\x21-\x7e]{8,1024}$/);

/** Beside LEASEHOLD_TOKEN, for those who need less. */
const roleToken = (role: "viewer" | "operator" | "chaos", may: string) =>
  setting({
    env: `LEASEHOLD_TOKEN_${role.toUpperCase()}`,
    flag: `token-${role}`,
    about: `A bearer token for the role ${role}, who may ${may}. Prefer the variable.`,
    accepts: "8 to 1024 printable characters without spaces, unlike the other tokens",
    schema: token,
    unset: "nobody has this role",
    secret: "all",
  });

/**
 * Everything that can be set on a node, in one table. Environment variables, flags, `--help` and
 * docs/configuration.md come from it; `readConfig` (config/read-config.ts) reads it, and
 * config/checks.ts compares settings with each other.
 */
export const settings = {
  databaseUrl: setting({
    env: "DATABASE_URL",
    flag: "database-url",
    about: "PostgreSQL 15 or newer. Pooled connections go here; a pooler is allowed.",
    accepts: "a URL like postgres://user:password@host:5432/database",
    schema: postgresUrl,
    required: true,
    secret: "password",
  }),
  leaseDatabaseUrl: setting({
    env: "LEASE_DATABASE_URL",
    flag: "lease-database-url",
    about:
      "The lease session, LISTEN and appends of durable entities go here: a direct connection, no pooler.",
    accepts: "a URL like postgres://user:password@host:5432/database",
    schema: postgresUrl,
    unset: "DATABASE_URL",
    secret: "password",
  }),
  cluster: setting({
    env: "LEASEHOLD_CLUSTER",
    flag: "cluster",
    about: "The cluster's name. Each cluster has a Postgres schema of its own.",
    accepts: "a lower-case letter, then lower-case letters, digits or hyphens, 40 at most",
    schema: z.string().refine(isClusterName),
    default: "default",
  }),
  nodeId: setting({
    env: "LEASEHOLD_NODE_ID",
    flag: "node-id",
    about: "The node's name, stable over restarts. Two live processes cannot share one.",
    accepts:
      "letters, digits, dots, hyphens or underscores, beginning with a letter or digit, 63 at most",
    schema: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/),
    unset: "host name and pid",
  }),
  host: setting({
    env: "LEASEHOLD_HOST",
    flag: "host",
    about:
      "The address to listen on. Anything but loopback needs a token, a secret and an advertised URL.",
    accepts: "a host name or an IP address",
    schema: z.string().regex(/^([A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})|[0-9A-Fa-f:.]{2,45})$/),
    default: "127.0.0.1",
  }),
  port: setting({
    env: "LEASEHOLD_PORT",
    flag: "port",
    about: "HTTP, /socket.io and /mesh share it. 0 takes any free one.",
    accepts: "a whole number from 0 to 65535",
    schema: integer(0, 65_535),
    default: "4101",
  }),
  lanes: setting({
    env: "LEASEHOLD_LANES",
    flag: "lanes",
    about:
      "Threads that run entities, beside the main one, which keeps leases and connections. 1 runs them on the main thread.",
    accepts: "a whole number from 1 to 64, or auto (as many as there are cores)",
    schema: z.union([z.literal("auto"), integer(1, 64)]),
    default: "1",
  }),
  leaseTtlMs: setting({
    env: "LEASEHOLD_LEASE_TTL_MS",
    flag: "lease-ttl-ms",
    about: "How long a lease outlives its last renewal. All nodes of a cluster should agree.",
    accepts: "a whole number of milliseconds from 500 to 600000",
    schema: integer(500, 600_000),
    default: "5000",
  }),
  shards: setting({
    env: "LEASEHOLD_SHARDS",
    flag: "shards",
    about:
      "Shards of the group default. All nodes of a cluster must agree; it cannot change later.",
    accepts: "a whole number from 1 to 1048576",
    schema: integer(1, 1_048_576),
    default: "256",
  }),
  strategy: setting({
    env: "LEASEHOLD_STRATEGY",
    flag: "strategy",
    about:
      "Which node gets which shard of the entities' groups (docs/rebalancing.md). All nodes of a cluster must agree; it cannot change later.",
    accepts: "least-loaded, rendezvous or load",
    schema: z.enum(["least-loaded", "rendezvous", "load"]),
    default: "least-loaded",
  }),
  advertiseUrl: setting({
    env: "LEASEHOLD_ADVERTISE_URL",
    flag: "advertise-url",
    about: "Where other nodes and the console reach this node.",
    accepts: "an http or https URL without a path, like http://10.0.0.7:4101",
    schema: httpOrigin,
    unset: "from host and port",
  }),
  zone: setting({
    env: "LEASEHOLD_ZONE",
    flag: "zone",
    about: "The failure zone, for operators to read.",
    accepts: "printable text of 64 characters at most",
    schema: z.string().regex(/^[\x20-\x7e]{1,64}$/),
    unset: "none",
  }),
  weight: setting({
    env: "LEASEHOLD_WEIGHT",
    flag: "weight",
    about:
      "Relative capacity for shards: a node of weight 2 gets twice as many as one of weight 1.",
    accepts: "a number from 0.01 to 1000",
    schema: decimal(0.01, 1000),
    default: "1",
  }),
  proxy: setting({
    env: "LEASEHOLD_PROXY",
    flag: "proxy",
    about:
      "The node only routes: it hosts no shards and never leads. It needs the same entities and shards as the others.",
    accepts: "on or off",
    schema: onOff,
    default: "off",
    bare: "on",
  }),
  labels: setting({
    env: "LEASEHOLD_LABELS",
    flag: "labels",
    about: "Labels, for operators to read.",
    accepts: "key=value pairs separated by commas, each key once",
    schema: labels,
    unset: "none",
  }),
  rebalance: setting({
    env: "LEASEHOLD_REBALANCE",
    flag: "rebalance",
    about:
      "Whether shards move by themselves: after a node joined, and with the strategy load also for their load.",
    accepts: "auto or manual",
    schema: z.enum(["auto", "manual"]),
    default: "auto",
  }),
  trustRefused: setting({
    env: "LEASEHOLD_TRUST_REFUSED",
    flag: "trust-refused",
    about:
      "Believe a refused connection as a proof of death. Only where nothing refuses on behalf of a live node.",
    accepts: "on or off",
    schema: onOff,
    default: "off",
    bare: "on",
  }),
  openLoopback: setting({
    env: "LEASEHOLD_OPEN_LOOPBACK",
    flag: "open-loopback",
    about:
      "Callers on this machine need no token, for a node that listens on loopback only. Set by pnpm start.",
    accepts: "on or off",
    schema: onOff,
    default: "off",
    bare: "on",
  }),
  drainTimeoutMs: setting({
    env: "LEASEHOLD_DRAIN_TIMEOUT_MS",
    flag: "drain-timeout-ms",
    about: "How long a leaving node may hand its shards over before it just stops.",
    accepts: "a whole number of milliseconds from 0 to 3600000",
    schema: integer(0, 3_600_000),
    default: "30000",
  }),
  faults: setting({
    env: "LEASEHOLD_FAULTS",
    flag: "faults",
    about: "Let faults be set on this node. Never in production.",
    accepts: "on or off",
    schema: onOff,
    default: "off",
    bare: "on",
  }),
  secret: setting({
    env: "LEASEHOLD_SECRET",
    flag: "secret",
    about: "The mesh's shared secret. Prefer the variable: flags are visible to other users.",
    accepts: "8 to 1024 printable characters",
    schema: z.string().regex(/^[\x20-\x7e]{8,1024}$/),
    unset: "loopback only",
    secret: "all",
  }),
  token: setting({
    env: "LEASEHOLD_TOKEN",
    flag: "token",
    about:
      "Required as bearer token for everything but health, metrics and the API description; it opens all of it. Prefer the variable.",
    accepts: "8 to 1024 printable characters without spaces",
    schema: token,
    unset: "loopback only, foreign Host and Origin refused",
    secret: "all",
  }),
  tokenViewer: roleToken("viewer", "read and watch"),
  tokenOperator: roleToken("operator", "also plan, cordon, drain, unpin, scale and heal"),
  tokenChaos: roleToken("chaos", "also set faults"),
  entities: setting({
    env: "LEASEHOLD_ENTITIES",
    flag: "entities",
    about: "The module whose exports are the entity types and daemons: a path, or a package.",
    accepts: "a module path or package name",
    schema: z.string().regex(/^[^\0]{1,1024}$/),
    unset: "the samples",
  }),
} as const;

export type Settings = typeof settings;
export type SettingName = keyof Settings;

/** A node's configuration, validated. */
export type NodeConfig = { readonly [Name in SettingName]: SettingValue<Settings[Name]> };

function isClusterName(text: string): boolean {
  try {
    schemaNameOf(text);
    return true;
  } catch {
    // The error only says in prose what `accepts` says here.
    return false;
  }
}
