import type { ShardPosition } from "../../core/cursor.ts";
import type {
  EventFeed,
  FeedEvent,
  FeedPage,
  FeedRequest,
  Latest,
} from "../../ports/event-feed.ts";
import type { StoredEntity } from "../../ports/journal.ts";
import { feedPage, type ScannedEvent } from "../feed-page.ts";
import { entityValues } from "./entity-values.ts";
import type { StorePool } from "./pool.ts";
import { readEnds, readFeed, readLatest } from "./sql/read-feed.ts";

export interface PostgresEventFeedOptions {
  readonly pool: StorePool;
  /** The cluster's schema, quoted. */
  readonly schema: string;
}

interface FeedRow
  extends Pick<FeedEvent, "seq" | "namespace" | "type" | "id" | "version" | "event"> {
  /** Which of the positions asked for. */
  readonly n: number;
  /** How many rows there were before those were left out that make too much. */
  readonly total: number;
  readonly matches: boolean;
  readonly at: string;
}

/** The journal in Postgres as its followers read it. */
export class PostgresEventFeed implements EventFeed {
  readonly #pool: StorePool;
  readonly #sql;

  constructor({ pool, schema }: PostgresEventFeedOptions) {
    this.#pool = pool;
    this.#sql = { ends: readEnds(schema), read: readFeed(schema), latest: readLatest(schema) };
  }

  ends(): Promise<readonly ShardPosition[]> {
    return this.#pool.query("looking for new events", this.#sql.ends, []);
  }

  async read({ after, limit, sizeLimit, filter }: FeedRequest): Promise<FeedPage> {
    const places = after.map(({ group, shard, seq }, n) => ({ n, group_name: group, shard, seq }));
    const { namespaces, types, id, withEvents } = filter;
    const rows = await this.#pool.query<FeedRow>("reading events", this.#sql.read, [
      ...[JSON.stringify(places), limit, sizeLimit, namespaces, types, id, withEvents],
    ]);
    const isCut = rows.length < (rows[0]?.total ?? 0);
    const scanned = rows.map(({ n, total: _total, matches, ...event }): ScannedEvent => {
      const { group, shard } = after[n] as ShardPosition;
      return { n, seq: event.seq, event: matches ? { group, shard, ...event } : null };
    });
    return feedPage(scanned, { after, limit }, isCut);
  }

  async latest(entity: StoredEntity): Promise<Latest> {
    const values = entityValues(entity);
    const [row] = await this.#pool.query<Latest>("reading a version", this.#sql.latest, values);
    return row ?? { version: 0, seq: 0 };
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
