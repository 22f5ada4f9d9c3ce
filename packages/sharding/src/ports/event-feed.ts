import type { ShardPosition } from "../core/cursor.ts";
import type { ShardRef } from "../core/ids.ts";
import type { StoredEntity, Version } from "./journal.ts";

/**
 * The journal as its followers read it: shard by shard, in the order of the commits.
 *
 * The events of a shard are counted 1, 2, 3 ... under the lock of its head, so whoever has taken the event `seq`
 * has missed none at or below it: nothing below can still commit. Numbers that are missing are those of events that
 * were deleted.
 *
 * Contract (`testkit/contracts/event-feed.ts`, run against Postgres and memory):
 * - Every call is one statement that writes nothing, and sees what was committed before it was sent.
 * - A call rejects with {@link StoreUnavailableError} when it was not answered; it may be sent again.
 */
export interface EventFeed {
  /** The last event of each shard that has had any. */
  ends(): Promise<readonly ShardPosition[]>;

  /** Events above these positions, of each shard in the order of their numbers. */
  read(request: FeedRequest): Promise<FeedPage>;

  /** An entity's version, and its shard's last event at that moment. */
  latest(entity: StoredEntity): Promise<Latest>;

  close(): Promise<void>;
}

export interface FeedRequest {
  /** Of different shards. */
  readonly after: readonly ShardPosition[];
  /** Of each shard at most, those that do not match counted. */
  readonly limit: number;
  /**
   * Of all shards together, as it is stored (large events are compressed there). The event that goes over it is
   * the last one, so that there is always one.
   * @unit bytes
   */
  readonly sizeLimit: number;
  readonly filter: FeedFilter;
}

export interface FeedFilter {
  /** Null: of all namespaces, for what does not show them to anybody. */
  readonly namespaces: readonly string[] | null;
  /** Entity types. Null: all. */
  readonly types: readonly string[] | null;
  /** One entity's id; null: all. */
  readonly id: string | null;
  /** Whether the events themselves are wanted; without them `event` is null. */
  readonly withEvents: boolean;
}

export interface FeedPage {
  /** What matches. */
  readonly events: readonly FeedEvent[];
  /** How far each shard was read, where it was read further than before. */
  readonly read: readonly ShardPosition[];
  /** Shards that may have more: a limit was met before their end. */
  readonly more: readonly ShardRef[];
}

export interface FeedEvent extends StoredEntity {
  readonly seq: number;
  readonly version: Version;
  readonly event: unknown;
  /** By the database's clock, ISO 8601. For people. */
  readonly at: string;
}

export interface Latest {
  /** 0 for an entity without events. */
  readonly version: Version;
  /** 0 for a shard without events. */
  readonly seq: number;
}
