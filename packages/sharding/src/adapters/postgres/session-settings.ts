import type { Client } from "pg";
import { StoreUnsuitableError } from "../../errors.ts";
import type { Backend, LeaseSessionOptions } from "../../ports/lease-session.ts";
import { serverTimeouts } from "./connection.ts";
import { readSettings } from "./sql/read-settings.ts";
import { setSettings } from "./sql/set-settings.ts";

/** Names and values as the server shows them in its base units. */
type Settings = Readonly<Record<string, string>>;

/** What every connection outside the pool has. */
export function plainSettings(timeoutMs: number): Settings {
  const { statement_timeout, lock_timeout } = serverTimeouts(timeoutMs);
  return {
    statement_timeout: String(statement_timeout),
    lock_timeout: String(lock_timeout),
    idle_in_transaction_session_timeout: String(timeoutMs),
    tcp_user_timeout: String(timeoutMs),
  };
}

/** What the lease rests on: refused where one of them does not take. */
export function requiredSettings(options: LeaseSessionOptions, applicationName: string): Settings {
  const { statement_timeout, lock_timeout } = serverTimeouts(options.timeoutMs);
  return {
    // The lease's ttl, enforced by the server: it ends a session that says nothing for so long.
    idle_session_timeout: String(options.ttlMs),
    idle_in_transaction_session_timeout: String(options.ttlMs),
    statement_timeout: String(statement_timeout),
    lock_timeout: String(lock_timeout),
    default_transaction_isolation: "read committed",
    default_transaction_read_only: "off",
    // Again, because an address may name another one.
    application_name: applicationName,
  };
}

/**
 * What lets the server notice a vanished client while a statement runs or an answer is on its way.
 * Some platforms lack one or another, and a Unix socket has no TCP; the ttl holds without them.
 */
export function optionalSettings({ ttlMs }: LeaseSessionOptions): Settings {
  return {
    client_connection_check_interval: String(Math.max(100, Math.round(ttlMs / 10))),
    tcp_keepalives_idle: String(Math.max(1, Math.round(ttlMs / 3000))),
    tcp_keepalives_interval: "1",
    tcp_keepalives_count: "3",
    tcp_user_timeout: String(ttlMs),
  };
}

export async function setAll(client: Client, settings: Settings): Promise<void> {
  await client.query(setSettings, [Object.keys(settings), Object.values(settings)]);
}

/** @throws {StoreUnsuitableError} a setting did not take, or another backend answers. */
export async function readBack(
  client: Client,
  wanted: Settings,
  backendPid: number,
): Promise<Backend> {
  const { rows } = await client.query<{
    backendPid: number;
    startedAt: string;
    applicationName: string;
    settings: Settings;
  }>(readSettings, [Object.keys(wanted)]);
  const found = rows[0];
  if (found === undefined || found.backendPid !== backendPid) throw sessionNotKept();
  for (const [name, value] of Object.entries(wanted)) {
    // The server cuts and cleans this one; what others see is what counts.
    if (name === "application_name") continue;
    const shown = found.settings[name];
    if (shown !== value) {
      throw new StoreUnsuitableError(
        `The setting ${name} = ${value} did not take: the server shows ${shown ?? "nothing"}. ` +
          `${directAddress} or remove what overrides it.`,
      );
    }
  }
  const { startedAt, applicationName } = found;
  return { pid: backendPid, startedAt, applicationName };
}

const directAddress =
  "Set LEASE_DATABASE_URL to an address that reaches the server directly (DATABASE_URL may go through a pooler)";

export const sessionNotKept = (): StoreUnsuitableError =>
  new StoreUnsuitableError(
    "A pooler hands this connection's statements to changing server sessions (transaction mode), so " +
      `session locks and idle_session_timeout mean nothing. ${directAddress}.`,
  );
