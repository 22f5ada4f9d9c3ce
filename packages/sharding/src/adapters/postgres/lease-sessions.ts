import type { Client } from "pg";
import { StoreUnavailableError, StoreUnsuitableError } from "../../errors.ts";
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
import { type InspectedServer, refuseUnsuitable } from "./suitable-server.ts";

export interface PostgresLeaseSessionsOptions {
  /** A direct connection. */
  readonly leaseDatabaseUrl: string;
  /** The name of the cluster's schema, not quoted. */
  readonly schema: string;
  readonly stream?: PostgresStream | undefined;
  readonly log: LogFn;
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
      connectTimeoutMs: options.connectTimeoutMs,
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
      const failure = storeError(error, "opening a lease session");
      if (failure instanceof StoreUnavailableError || failure instanceof StoreUnsuitableError) {
        failure.ofLease = true;
      }
      throw failure;
    }
  }

  async #prepare(
    connection: RawConnection,
    to: ConnectionOptions,
    options: LeaseSessionOptions,
  ): Promise<Backend> {
    const { client } = connection;
    const { rows } = await client.query<InspectedServer>(inspectServer);
    const server = rows[0];
    if (server === undefined) throw sessionLost("the server did not say what it is");
    refuseUnsuitable(server);
    // Before anything is set: behind a pooler the settings would stay with a connection of others.
    await refusePooler(connection, server.backendPid, to);
    const required = requiredSettings(options, to.applicationName);
    await setAll(client, required);
    await this.#setOptional(client, options);
    return await readBack(client, required, server.backendPid);
  }

  /** All in one round trip; one by one only where a platform lacks something. */
  async #setOptional(client: Client, options: LeaseSessionOptions): Promise<void> {
    const settings = optionalSettings(options);
    const isSet = await this.#trySet(client, settings);
    if (isSet) return;
    for (const [name, value] of Object.entries(settings)) {
      await this.#trySet(client, { [name]: value });
    }
  }

  async #trySet(client: Client, settings: Readonly<Record<string, string>>): Promise<boolean> {
    try {
      await setAll(client, settings);
      return true;
    } catch (error) {
      if (!isUnsettable(error)) throw error;
      this.#options.log(
        "debug",
        "This server does not have a setting that helps to notice lost clients.",
        {
          why: String(error),
        },
      );
      return false;
    }
  }
}

/** The incarnation first: the server cuts names at 63 bytes. */
const applicationNameOf = ({ holder }: LeaseSessionOptions): string =>
  `lease ${holder.incarnation} ${holder.nodeId}`;
