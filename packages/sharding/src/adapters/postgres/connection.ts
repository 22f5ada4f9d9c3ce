import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Client, type ClientConfig } from "pg";
import type { PostgresStream } from "../../ports/gates.ts";

/** Where a connection goes and how long it may stay without an answer. */
export interface ConnectionOptions {
  readonly databaseUrl: string;
  readonly applicationName: string;
  /** How long connecting, and then each statement, may take. @unit milliseconds */
  readonly timeoutMs: number;
  /** How long connecting alone may take. @unit milliseconds @default timeoutMs */
  readonly connectTimeoutMs?: number | undefined;
  /** Makes the socket. @default a TCP or Unix socket of Node.js */
  readonly stream?: PostgresStream | undefined;
}

/** A connection and the way to end it when the other side says nothing any more. */
export interface RawConnection {
  readonly client: Client;
  /** Ends the socket at once: no farewell, no waiting. */
  destroy(): void;
}

/**
 * How the time of one statement is shared out, so that the server's answer ("it took too long", "the
 * row is locked") comes before the client gives up and has to drop the connection.
 */
export const serverTimeouts = (timeoutMs: number) => ({
  statement_timeout: Math.ceil(timeoutMs * 0.8),
  lock_timeout: Math.ceil(timeoutMs * 0.5),
});

/** A connection outside the pool. Settings are the caller's: a session may be for a lease or for LISTEN. */
export function newConnection(options: ConnectionOptions): RawConnection {
  let socket: Duplex | undefined;
  const client = new Client({
    ...baseConfig(options),
    stream: () => {
      socket = newSocket(options.stream);
      return socket;
    },
  });
  return { client, destroy: () => socket?.destroy() };
}

export const newSocket = (stream: PostgresStream | undefined): Duplex =>
  stream === undefined ? new Socket() : stream();

export const baseConfig = (options: ConnectionOptions): ClientConfig => ({
  connectionString: options.databaseUrl,
  application_name: options.applicationName,
  connectionTimeoutMillis: options.connectTimeoutMs ?? options.timeoutMs,
  query_timeout: options.timeoutMs,
  keepAlive: true,
  keepAliveInitialDelayMillis: options.timeoutMs,
});

/**
 * Settings as parameters of the connection's start, so that they hold from its first statement.
 * A pooler may refuse them.
 */
export function startupOptions(
  timeoutMs: number,
  more: Readonly<Record<string, string>> = {},
): string {
  const settings = {
    ...serverTimeouts(timeoutMs),
    idle_in_transaction_session_timeout: timeoutMs,
    tcp_user_timeout: timeoutMs,
    // The statements rely on row locks that read the newest version; a stricter default of the
    // database or role would turn each race into an error.
    default_transaction_isolation: "read\\ committed",
    default_transaction_read_only: "off",
    // Compiling a statement over 10,000 rows takes longer than running it.
    jit: "off",
    ...more,
  };
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(" ");
}
