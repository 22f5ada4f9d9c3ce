import { schemaNameOf } from "@leasehold/db";
import { escapeIdentifier } from "pg";
import type { LogFn } from "../../node-api.ts";
import type { EventFeed } from "../../ports/event-feed.ts";
import type { PostgresStream } from "../../ports/gates.ts";
import type { Journal } from "../../ports/journal.ts";
import type { LeaseSessions } from "../../ports/lease-session.ts";
import type { StateStore } from "../../ports/state-store.ts";
import { PostgresEventFeed } from "./event-feed.ts";
import { PostgresJournal } from "./journal.ts";
import { journalPlanning } from "./journal-connection.ts";
import { PostgresLeaseSessions } from "./lease-sessions.ts";
import { LogNotifications } from "./notify.ts";
import { StorePool } from "./pool.ts";
import { PostgresStateStore } from "./state-store.ts";

export { recordExit } from "./record-exit.ts";

export interface JournalOptions {
  /** For the pool; may go through a pooler. */
  readonly databaseUrl: string;
  /** For lease sessions, LISTEN and appends: must reach the server directly. @default databaseUrl */
  readonly leaseDatabaseUrl?: string | undefined;
  readonly cluster: string;
  /** Makes the socket of every connection. @default a socket of Node.js */
  readonly stream?: PostgresStream | undefined;
  /** How long a pooled statement may take. @unit milliseconds @default 5000 */
  readonly timeoutMs?: number | undefined;
  /** Connections that load entities, at most. @default 2 */
  readonly journalPoolSize?: number | undefined;
  /** Connections that append to the journal; made when the first durable entity needs them. @default 3 */
  readonly journalLanes?: number | undefined;
  /** How often expired outcomes are removed, while new ones are kept. @unit milliseconds @default 60000 */
  readonly pruneEveryMs?: number | undefined;
  /** @default silent */
  readonly log?: LogFn | undefined;
}

export interface PostgresStoreOptions extends JournalOptions {
  /** Connections of the pool at most. @default 4 */
  readonly poolSize?: number | undefined;
}

export interface PostgresStore {
  readonly sessions: LeaseSessions;
  readonly store: StateStore;
  readonly journal: Journal;
  readonly feed: EventFeed;
  /** Ends the pools, the connections that append and the connection that listens. Lease sessions belong to who opened them. */
  close(): Promise<void>;
}

/** The stores of one cluster in Postgres. Connects when first asked something. */
export function createPostgresStore(options: PostgresStoreOptions): PostgresStore {
  const { cluster, databaseUrl, stream, timeoutMs = 5_000, log = () => undefined } = options;
  const leaseDatabaseUrl = options.leaseDatabaseUrl ?? databaseUrl;
  const schema = schemaNameOf(cluster);
  const pool = new StorePool({
    databaseUrl,
    applicationName: `leasehold ${cluster}`,
    timeoutMs,
    stream,
    max: options.poolSize ?? 4,
    log,
  });
  const notifications = new LogNotifications({
    databaseUrl: leaseDatabaseUrl,
    applicationName: `leasehold ${cluster} listen`,
    timeoutMs,
    stream,
    channel: schema,
    livenessMs: timeoutMs,
    log,
  });
  const store = new PostgresStateStore({
    pool,
    notifications,
    schema: escapeIdentifier(schema),
    channel: schema,
  });
  const journal = createPostgresJournal(options);
  const feed = new PostgresEventFeed({
    // A pool of its own: whoever catches up must not keep entities from being loaded.
    pool: new StorePool({
      ...{ databaseUrl, timeoutMs, stream, max: 2, settings: journalPlanning, log },
      applicationName: `leasehold ${cluster} feed`,
    }),
    schema: escapeIdentifier(schema),
  });
  const sessions = new PostgresLeaseSessions({ leaseDatabaseUrl, schema, stream, log });
  const close = async (): Promise<void> => {
    await Promise.all([store.close(), journal.close(), feed.close()]);
  };
  return { sessions, store, journal, feed, close };
}

/** The journal of one cluster in Postgres. Connects when first asked something. */
export function createPostgresJournal(options: JournalOptions): Journal {
  const { cluster, databaseUrl, stream, timeoutMs = 5_000, log = () => undefined } = options;
  return new PostgresJournal({
    // A pool of its own: a storm of replays must not keep the coordinator waiting for a connection.
    pool: new StorePool({
      ...{ databaseUrl, timeoutMs, stream, max: options.journalPoolSize ?? 2, log },
      applicationName: `leasehold ${cluster} journal`,
      settings: journalPlanning,
    }),
    direct: { databaseUrl: options.leaseDatabaseUrl ?? databaseUrl, timeoutMs, stream },
    schema: escapeIdentifier(schemaNameOf(cluster)),
    lanes: options.journalLanes ?? 3,
    claimTimeoutMs: timeoutMs / 2,
    pruneEveryMs: options.pruneEveryMs ?? 60_000,
  });
}
