import type { ShardPosition } from "../../core/cursor.ts";
import { StoreUnavailableError } from "../../errors.ts";
import type {
  EventFeed,
  FeedEvent,
  FeedFilter,
  FeedPage,
  FeedRequest,
  Latest,
} from "../../ports/event-feed.ts";
import type { StoredEntity } from "../../ports/journal.ts";
import { feedPage, type ScannedEvent } from "../feed-page.ts";
import type { MemoryJournalTables } from "./memory-journal-tables.ts";
import { ask, type MemoryClient } from "./memory-link.ts";
import type { MemoryPostgres } from "./memory-postgres.ts";

/** The journal of a simulated Postgres, as its followers read it. */
export class MemoryEventFeed implements EventFeed {
  readonly #server: MemoryPostgres;
  readonly #client: Required<MemoryClient>;
  readonly #timeoutMs: number;
  #isClosed = false;

  constructor(server: MemoryPostgres, client: Required<MemoryClient>, timeoutMs: number) {
    this.#server = server;
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  ends(): Promise<readonly ShardPosition[]> {
    return this.#ask((tables) => tables.ends());
  }

  read(request: FeedRequest): Promise<FeedPage> {
    return this.#ask((tables) => pageOf(tables, request));
  }

  latest(entity: StoredEntity): Promise<Latest> {
    return this.#ask((tables) => tables.latest(entity));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  async #ask<T>(statement: (tables: MemoryJournalTables) => T): Promise<T> {
    if (this.#isClosed) throw new StoreUnavailableError("This feed was closed.");
    const onServer = () => {
      this.#server.mustBeUp();
      return statement(this.#server.journals.tables);
    };
    return await ask(this.#client, onServer, this.#timeoutMs, () => {
      return new StoreUnavailableError(`Postgres did not answer within ${this.#timeoutMs} ms.`);
    });
  }
}

function pageOf(tables: MemoryJournalTables, request: FeedRequest): FeedPage {
  const { after, limit, sizeLimit, filter } = request;
  const scanned = after.flatMap((position, n) =>
    tables
      .eventsAfter(position)
      .slice(0, limit)
      .map((row): ScannedEvent => ({ n, seq: row.seq, event: seenBy(filter, row) })),
  );
  let size = 0;
  const cut = scanned.findIndex(({ event }) => {
    const isTooMuch = size >= sizeLimit;
    size += filter.withEvents && event !== null ? JSON.stringify(event.event).length : 0;
    return isTooMuch;
  });
  return feedPage(cut === -1 ? scanned : scanned.slice(0, cut), request, cut !== -1);
}

const seenBy = (filter: FeedFilter, row: FeedEvent): FeedEvent | null => {
  if (!matches(row, filter)) return null;
  return filter.withEvents ? row : { ...row, event: null };
};

const matches = (row: FeedEvent, { namespaces, types, id }: FeedFilter): boolean =>
  (namespaces?.includes(row.namespace) ?? true) &&
  (types?.includes(row.type) ?? true) &&
  (id === null || row.id === id);
