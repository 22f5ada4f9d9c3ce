import type { ShardPosition } from "../../core/cursor.ts";
import { type ShardRef, shardKey } from "../../core/ids.ts";
import { StoreUnavailableError } from "../../errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EventFeed } from "../../ports/event-feed.ts";
import type { StoredEntity, Version } from "../../ports/journal.ts";
import { entityKey } from "../entities/entity-key.ts";
import { type Ends, FeedProgress } from "./feed-progress.ts";
import { type FeedFollower, type FeedWatch, lookEveryMs } from "./feed-watch.ts";

/** Entities whose versions are kept; the one that was not asked for longest makes room. */
const entityLimit = 10_000;
/** An answer was true so long ago at most. @unit milliseconds */
const staleLimitMs = 2 * lookEveryMs;
/** When nobody has asked for so long, nothing is followed any more. @unit milliseconds */
const idleMs = 60_000;
const pageShards = 100;
const pageEvents = 1_000;

interface Known {
  readonly shard: ShardRef;
  version: Version;
  /** The version was the newest one at this moment, or later; null while it is read. */
  trueAtMs: number | null;
}

export interface VersionCacheParts {
  readonly feed: EventFeed;
  readonly clock: Clock;
  readonly watch: FeedWatch;
}

/**
 * The versions of entities that somebody asked for, kept current by the events that are stored.
 *
 * What it knows of a shard counts only up to the last look at the ends of all shards, so that a hint that was
 * missed makes an answer at most {@link staleLimitMs} old. Whatever it cannot vouch for, it reads.
 */
export class VersionCache implements FeedFollower {
  readonly #parts: VersionCacheParts;
  /** In the order in which they were asked for. */
  readonly #known = new Map<string, Known>();
  #progress = new FeedProgress(null, []);
  readonly #watched = new Set<string>();
  #look: { readonly ends: Ends; readonly atMs: number } | null = null;
  #lookAtMs = 0;
  #askedAtMs = 0;
  #isReading = false;
  #leave: (() => void) | null = null;

  constructor(parts: VersionCacheParts) {
    this.#parts = parts;
  }

  /** @throws {StoreUnavailableError} where only Postgres could say, and does not answer. */
  async latest(entity: StoredEntity): Promise<Version> {
    this.#askedAtMs = this.#parts.clock.monotonicMs();
    this.#leave ??= this.#parts.watch.add(this);
    const known = this.#touch(entity);
    return this.#isFresh(known) ? known.version : await this.#read(entity, known);
  }

  /** An answer of the entity said that it had this version. */
  heard({ namespace, type, id }: Omit<StoredEntity, "group" | "shard">, version: Version): void {
    const known = this.#known.get(entityKey(namespace, type, id));
    if (known !== undefined) known.version = Math.max(known.version, version);
  }

  lookBegins(): void {
    this.#lookAtMs = this.#parts.clock.monotonicMs();
    this.#progress.lookBegins();
  }

  looked(ends: Ends): void {
    if (this.#parts.clock.monotonicMs() - this.#askedAtMs > idleMs) return this.#forget();
    if (this.#progress.findLost(ends) !== null) return this.#forget();
    this.#look = { ends, atMs: this.#lookAtMs };
    this.moved([...ends.values()].filter((end) => !this.#progress.isAt(end, end.seq)));
  }

  moved(shards: readonly ShardRef[]): void {
    for (const shard of shards) {
      if (this.#watched.has(shardKey(shard))) this.#progress.moved(shard);
    }
    if (!this.#isReading) void this.#follow();
  }

  /** Whoever asks next hears of it from Postgres. */
  failed(): void {
    this.#forget();
  }

  close(): void {
    this.#forget();
  }

  /** The entry of the entity, as the one that was asked for last. */
  #touch({ group, shard, namespace, type, id }: StoredEntity): Known {
    const key = entityKey(namespace, type, id);
    const known = this.#known.get(key) ?? { shard: { group, shard }, version: 0, trueAtMs: null };
    this.#known.delete(key);
    this.#known.set(key, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > entityLimit && oldest !== undefined) this.#known.delete(oldest);
    return known;
  }

  #isFresh({ shard, trueAtMs }: Known): boolean {
    if (trueAtMs === null) return false;
    const seq = this.#look?.ends.get(shardKey(shard))?.seq ?? 0;
    const isConfirmed = this.#look !== null && this.#progress.isAt(shard, seq);
    const atMs = isConfirmed ? Math.max(trueAtMs, this.#look?.atMs ?? 0) : trueAtMs;
    return this.#parts.clock.monotonicMs() - atMs <= staleLimitMs;
  }

  /**
   * The entry is there before it is read, so whatever is followed meanwhile counts, too. Where somebody else began
   * to follow the shard meanwhile, nobody has followed what lies between the two reads: then it is read again.
   */
  async #read(entity: StoredEntity, known: Known): Promise<Version> {
    const { clock, feed } = this.#parts;
    const progress = this.#progress;
    const key = shardKey(entity);
    for (;;) {
      const wasWatched = this.#watched.has(key);
      const atMs = clock.monotonicMs();
      const { version, seq } = await feed.latest(entity);
      known.version = Math.max(known.version, version);
      if (progress !== this.#progress) return known.version;
      if (!wasWatched && this.#watched.has(key)) continue;
      if (!wasWatched) {
        this.#watched.add(key);
        progress.advance([{ group: entity.group, shard: entity.shard, seq }]);
      }
      known.trueAtMs = Math.max(known.trueAtMs ?? 0, atMs);
      return known.version;
    }
  }

  async #follow(): Promise<void> {
    const progress = this.#progress;
    this.#isReading = true;
    for (;;) {
      const after = progress.take(pageShards);
      if (after.length === 0 || progress !== this.#progress) break;
      if (!(await this.#readOn(progress, after))) break;
    }
    this.#isReading = false;
  }

  /** @returns false where nothing could be read: the next look finds it again. */
  async #readOn(progress: FeedProgress, after: readonly ShardPosition[]): Promise<boolean> {
    const filter = { namespaces: null, types: null, id: null, withEvents: false };
    const limit = Math.ceil(pageEvents / after.length);
    try {
      const { events, read, more } = await this.#parts.feed.read({
        ...{ after, limit, sizeLimit: Number.MAX_SAFE_INTEGER, filter },
      });
      for (const event of events) this.heard(event, event.version);
      progress.advance(read);
      for (const shard of more) progress.moved(shard);
      return true;
    } catch (error) {
      // Where Postgres is away, the last look grows old, and whoever asks then hears why.
      if (!(error instanceof StoreUnavailableError)) this.#forget();
      return false;
    }
  }

  #forget(): void {
    this.#leave?.();
    this.#leave = null;
    this.#known.clear();
    this.#watched.clear();
    this.#progress = new FeedProgress(null, []);
    this.#look = null;
  }
}
