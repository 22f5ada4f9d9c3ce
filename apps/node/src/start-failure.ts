import { DatabaseError, SchemaTooNewError } from "@leasehold/db";
import { ShardingError, StoreUnavailableError, StoreUnsuitableError } from "@leasehold/sharding";
import { ConfigError } from "./config/read-config.ts";
import { postgresPlace, redactPasswords } from "./config/redact.ts";

/** How a command ends that could not do its work. */
export interface Failure {
  readonly exitCode: number;
  /** One sentence per line, for a person. */
  readonly message: string;
}

interface Surroundings {
  readonly host?: string;
  readonly port?: number;
  readonly databaseUrl?: string;
  readonly leaseDatabaseUrl?: string | undefined;
}

/** Says what went wrong and what to do about it. Passwords are never shown. */
export function describeFailure(error: unknown, around: Surroundings = {}): Failure {
  if (error instanceof ConfigError) return { exitCode: 2, message: error.message };
  if (error instanceof SchemaTooNewError) {
    return { exitCode: error.exitCode, message: error.message };
  }
  return { exitCode: 1, message: redactPasswords(sentence(error, around)) };
}

function sentence(error: unknown, around: Surroundings): string {
  return (
    listenFailure(error, around) ??
    postgresFailure(error, around) ??
    (error instanceof ShardingError || error instanceof DatabaseError
      ? error.message
      : stackOf(error))
  );
}

function postgresFailure(error: unknown, around: Surroundings): string | null {
  const place = placeOf(error, around);
  const codes = codesIn(error);
  const reasonIn = (table: readonly (readonly [string, string])[]): string | null => {
    const row = table.find(([code]) => codes.has(code));
    return row === undefined ? null : `${row[1]} (${row[0]})`;
  };
  const away = reasonIn(unreachable);
  if (away !== null) return `${place} cannot be reached: ${away}.`;
  const why = reasonIn(refused);
  if (why !== null) return `${place} refuses: ${why}.`;
  if (error instanceof StoreUnavailableError) return `${place}: ${error.message}`;
  const told = error instanceof ShardingError ? undefined : saidOnly(messageOf(error));
  return told === undefined ? null : `${place} cannot be reached: ${told}.`;
}

/** What the driver has no code for. */
function saidOnly(message: string): string | undefined {
  if (/timeout/i.test(message)) return "no answer in time";
  // Something accepts connections there that is no Postgres, or a proxy that has none behind it.
  if (/Connection terminated/i.test(message)) return "it closed the connection";
  return undefined;
}

/** The lease's connection may lead elsewhere: naming the other address would send the reader astray. */
function placeOf(error: unknown, { databaseUrl, leaseDatabaseUrl }: Surroundings): string {
  const isStoreError =
    error instanceof StoreUnavailableError || error instanceof StoreUnsuitableError;
  if (leaseDatabaseUrl !== undefined && isStoreError && error.ofLease) {
    return `Postgres at ${postgresPlace(leaseDatabaseUrl)} (LEASE_DATABASE_URL)`;
  }
  return databaseUrl === undefined ? "Postgres" : `Postgres at ${postgresPlace(databaseUrl)}`;
}

const unreachable: readonly (readonly [string, string])[] = [
  ["ECONNREFUSED", "nothing listens there"],
  ["ENOTFOUND", "the host name is unknown"],
  ["EAI_AGAIN", "the host name cannot be resolved now"],
  ["EHOSTUNREACH", "there is no way to the host"],
  ["ENETUNREACH", "there is no way to the network"],
  ["ETIMEDOUT", "no answer in time"],
  ["ECONNRESET", "it closed the connection"],
  ["57P03", "it is starting up or shutting down"],
  ["53300", "it has all the connections it takes"],
];

const refused: readonly (readonly [string, string])[] = [
  ["28P01", "the password is wrong"],
  ["28000", "the user may not connect"],
  ["3D000", "there is no such database"],
  ["42501", "the user lacks a right that leasehold needs"],
];

function listenFailure(error: unknown, { host, port }: Surroundings): string | null {
  const { syscall, code } = error as { syscall?: unknown; code?: unknown };
  if (syscall !== "listen" && !(syscall === "getaddrinfo" && host !== undefined)) return null;
  const place = `${host}:${port}`;
  switch (code) {
    case "EADDRINUSE":
      return `${place} is taken by another program (EADDRINUSE). Choose another port with --port (LEASEHOLD_PORT), or stop that program.`;
    case "EACCES":
      return `${place} cannot be listened on without more rights (EACCES). Choose a port above 1023 with --port (LEASEHOLD_PORT).`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${host} is no address of this machine (${code}). Choose one with --host (LEASEHOLD_HOST).`;
    default:
      return `${place} cannot be listened on: ${messageOf(error)}.`;
  }
}

/** Connecting to a name with several addresses fails with an error per address. */
function codesIn(error: unknown, seen = new Set<unknown>()): Set<string> {
  const codes = new Set<string>();
  if (typeof error !== "object" || error === null || seen.has(error)) return codes;
  seen.add(error);
  if ("code" in error && typeof error.code === "string") codes.add(error.code);
  const inner = [
    "cause" in error ? error.cause : undefined,
    ...("errors" in error && Array.isArray(error.errors) ? error.errors : []),
  ];
  for (const one of inner) for (const code of codesIn(one, seen)) codes.add(code);
  return codes;
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
