import { type Cursor, encodeCursor, type ShardPosition } from "../../core/cursor.ts";
import { type ShardRef, shardKey } from "../../core/ids.ts";
import { CursorInvalidError, StoreUnavailableError } from "../../errors.ts";
import type { EventHandler, Subscription } from "../../event-api.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EventFeed, FeedFilter, FeedPage } from "../../ports/event-feed.ts";
import type { AnyEntityDefinition } from "../entities/definition.ts";
import type { Ends, FeedProgress } from "./feed-progress.ts";
import type { FeedFollower } from "./feed-watch.ts";
import { readable } from "./readable.ts";

/** Events of one page, and so of one call of the handler: also what a subscription has in memory at most. */
const pageEvents = 1_000;
/** As they are stored. @unit bytes */
const pageBytes = 1024 * 1024;
/** Shards of one page. */
const pageShards = 100;
/** Between two tries while Postgres is away. @unit milliseconds */
const retryMs = 250;

export interface SubscriptionParts {
  readonly feed: EventFeed;
  readonly clock: Clock;
  readonly cluster: string;
  readonly types: ReadonlyMap<string, AnyEntityDefinition>;
  readonly filter: FeedFilter;
  readonly progress: FeedProgress;
  readonly handle: EventHandler;
  /** It reads no more. */
  readonly left: () => void;
}

/** Reads a page, hands it to the handler, and only then moves on. One page at a time. */
export class EventSubscription implements Subscription, FeedFollower {
  readonly ended: Promise<void>;
  readonly #parts: SubscriptionParts;
  #isClosed = false;
  #failure: { readonly why: unknown } | null = null;
  #wake: () => void = () => undefined;

  constructor(parts: SubscriptionParts) {
    this.#parts = parts;
    this.ended = this.#run().finally(parts.left);
  }

  cursor(): Cursor {
    return this.#cursor([]);
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  lookBegins(): void {
    this.#parts.progress.lookBegins();
  }

  looked(ends: Ends): void {
    const lost = this.#parts.progress.findLost(ends);
    if (lost !== null) return this.failed(positionLost(lost));
    this.#parts.progress.seen(ends);
    this.#wake();
  }

  moved(shards: readonly ShardRef[]): void {
    for (const shard of shards) this.#parts.progress.moved(shard);
    this.#wake();
  }

  failed(why: unknown): void {
    this.#failure ??= { why };
    this.#wake();
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      if (this.#failure !== null) throw this.#failure.why;
      const after = this.#parts.progress.take(pageShards);
      if (after.length === 0) await this.#untilWoken();
      else await this.#readOn(after);
    }
  }

  async #readOn(after: readonly ShardPosition[]): Promise<void> {
    const { progress, types, handle } = this.#parts;
    const page = await this.#read(after);
    if (page === null || this.#isClosed || this.#failure !== null) return;
    if (page.events.length > 0) {
      const events = page.events.map((event) => readable(event, types));
      await handle(events, () => this.#cursor(page.read));
    }
    progress.advance(page.read);
    for (const shard of page.more) progress.moved(shard);
  }

  /** @returns null while Postgres is away. */
  async #read(after: readonly ShardPosition[]): Promise<FeedPage | null> {
    const { feed, filter, progress, clock } = this.#parts;
    const limit = Math.ceil(pageEvents / after.length);
    try {
      return await feed.read({ after, limit, sizeLimit: pageBytes, filter });
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      for (const shard of after) progress.moved(shard);
      const cancel = clock.after(retryMs, () => this.#wake());
      await this.#untilWoken();
      cancel();
      return null;
    }
  }

  #untilWoken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #cursor(then: readonly ShardPosition[]): Cursor {
    const { cluster, progress } = this.#parts;
    return encodeCursor({ cluster, only: progress.only, positions: progress.positions(then) });
  }
}

export const positionLost = (lost: ShardPosition & { readonly end: number }): CursorInvalidError =>
  new CursorInvalidError(
    `The cursor stands after event ${lost.seq} of shard ${shardKey(lost)}, whose last one is ${lost.end}: it is of another journal, or this one has lost commits (a restore, a failover to a standby that lagged). Begin anew from "start".`,
  );
