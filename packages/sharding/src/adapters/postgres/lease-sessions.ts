import { StoreUnsuitableError } from "../../errors.ts";
import type { LogFn } from "../../node-api.ts";
import type { PostgresStream } from "../../ports/gates.ts";
import type {
  Backend,
  LeaseSession,
  LeaseSessionOptions,
  LeaseSessions,
} from "../../ports/lease-session.ts";
import { type ConnectionOptions, newConnection, type RawConnection } from "./connection.ts";
import { PostgresLeaseSession } from "./lease-session.ts";
import { refusePooler } from "./pooler-probe.ts";
import { optionalSettings, readBack, requiredSettings, setAll } from "./session-settings.ts";
import { inspectServer } from "./sql/inspect-server.ts";
import { isUnsettable, sessionLost, storeError } from "./sqlstate.ts";

export interface PostgresLeaseSessionsOptions {
  /** A direct connection. */
  readonly leaseDatabaseUrl: string;
  /** The name of the cluster's schema, not quoted. */
  readonly schema: string;
  readonly stream?: PostgresStream | undefined;
  readonly log: LogFn;
}

/** The oldest major version whose settings and functions the leases rest on. */
const minimumMajor = 15;

interface Server {
  readonly backendPid: number;
  readonly versionNumber: number;
  readonly version: string;
  readonly inRecovery: boolean;
  readonly fsync: string;
  readonly synchronousCommit: string;
}

/** Opens lease sessions, and refuses a server on which a lease would mean nothing. */
export class PostgresLeaseSessions implements LeaseSessions {
  readonly #options: PostgresLeaseSessionsOptions;

  constructor(options: PostgresLeaseSessionsOptions) {
    this.#options = options;
  }

  async open(options: LeaseSessionOptions): Promise<LeaseSession> {
    const to: ConnectionOptions = {
      databaseUrl: this.#options.leaseDatabaseUrl,
      applicationName: applicationNameOf(options),
      timeoutMs: options.timeoutMs,
      stream: this.#options.stream,
    };
    const connection = newConnection(to);
    // Until the session exists, a lost connection is told by the statement that fails on it.
    const ignore = () => undefined;
    connection.client.on("error", ignore);
    try {
      await connection.client.connect();
      const backend = await this.#prepare(connection, to, options);
      const session = new PostgresLeaseSession({
        connection,
        backend,
        schema: this.#options.schema,
        timeoutMs: options.timeoutMs,
      });
      connection.client.removeListener("error", ignore);
      return session;
    } catch (error) {
      connection.destroy();
      throw storeError(error, "opening a lease session");
    }
  }

  async #prepare(
    connection: RawConnection,
    to: ConnectionOptions,
    options: LeaseSessionOptions,
  ): Promise<Backend> {
    const { client } = connection;
    const { rows } = await client.query<Server>(inspectServer);
    const server = rows[0];
    if (server === undefined) throw sessionLost("the server did not say what it is");
    refuseUnsuitable(server);
    // Before anything is set: behind a pooler the settings would stay with a connection of others.
    await refusePooler(connection, server.backendPid, to);
    const required = requiredSettings(options, to.applicationName);
    await setAll(client, required);
    await setAll(client, optionalSettings(options)).catch((error: unknown) => {
      if (!isUnsettable(error)) throw error;
      this.#options.log("warn", "The server cannot watch for clients that vanish.", {
        why: String(error),
      });
    });
    return await readBack(client, required, server.backendPid);
  }
}

/** The incarnation first: the server cuts names at 63 bytes. */
const applicationNameOf = ({ holder }: LeaseSessionOptions): string =>
  `lease ${holder.incarnation} ${holder.nodeId}`;

function refuseUnsuitable(server: Server): void {
  if (server.versionNumber < minimumMajor * 10_000) {
    throw new StoreUnsuitableError(
      `This server is PostgreSQL ${server.version}; leases need PostgreSQL ${minimumMajor} or newer.`,
    );
  }
  if (server.inRecovery) {
    throw new StoreUnsuitableError(
      "This server is a standby (pg_is_in_recovery): it grants locks that the primary has given away. " +
        "Set LEASE_DATABASE_URL to the address of the primary.",
    );
  }
  if (server.fsync !== "on") {
    throw new StoreUnsuitableError(
      `The server runs with fsync = ${server.fsync}: a crash could take back an epoch. Set fsync = on.`,
    );
  }
  if (server.synchronousCommit === "off") {
    throw new StoreUnsuitableError(
      "The server runs with synchronous_commit = off: a crash could take back an epoch. " +
        "Set it to on for this database or role.",
    );
  }
}
