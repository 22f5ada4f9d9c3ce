import { type ShardRef, shardKey } from "../../core/ids.ts";
import { StoreUnavailableError } from "../../errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EventFeed } from "../../ports/event-feed.ts";
import type { Ends } from "./feed-progress.ts";

/** From the end of a look to the next one. @unit milliseconds */
export const lookEveryMs = 1_000;

/** Somebody on this node who follows the journal. */
export interface FeedFollower {
  /** A look is sent: what it finds was true at this moment or later. */
  lookBegins(): void;
  looked(ends: Ends): void;
  /** These shards have more events, as somebody says who appended them. */
  moved(shards: readonly ShardRef[]): void;
  /** Postgres will not answer, however often it is asked. */
  failed(why: unknown): void;
}

export interface FeedWatchParts {
  readonly feed: EventFeed;
  readonly clock: Clock;
  /** Somebody follows, and nobody did before. */
  readonly began: () => void;
}

/**
 * Tells the followers of a node what has moved: all of them share one look at the ends of the shards each second,
 * which finds whatever the hints in between did not tell. Without followers nothing is asked.
 */
export class FeedWatch {
  readonly #parts: FeedWatchParts;
  readonly #followers = new Set<FeedFollower>();
  #cancel: (() => void) | null = null;
  #isLooking = false;

  constructor(parts: FeedWatchParts) {
    this.#parts = parts;
  }

  get isWatching(): boolean {
    return this.#followers.size > 0;
  }

  /** It is told at once what it has missed. @returns ends that. */
  add(follower: FeedFollower): () => void {
    const isFirst = !this.isWatching;
    this.#followers.add(follower);
    if (isFirst) this.#parts.began();
    this.#lookAfter(0);
    return () => {
      this.#followers.delete(follower);
      if (!this.isWatching) this.#cancel?.();
    };
  }

  moved(shards: readonly ShardRef[]): void {
    for (const follower of this.#followers) follower.moved(shards);
  }

  #lookAfter(delayMs: number): void {
    this.#cancel?.();
    this.#cancel = this.#parts.clock.after(delayMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    // The one under way is followed by another in any case.
    if (this.#isLooking) return;
    this.#isLooking = true;
    const asked = [...this.#followers];
    for (const follower of asked) follower.lookBegins();
    try {
      const ends = await this.#parts.feed.ends();
      const byKey: Ends = new Map(ends.map((end) => [shardKey(end), end]));
      for (const follower of asked) if (this.#followers.has(follower)) follower.looked(byKey);
    } catch (error) {
      // Where Postgres is away the next look finds what this one did not.
      if (!(error instanceof StoreUnavailableError)) {
        for (const follower of asked) follower.failed(error);
      }
    }
    this.#isLooking = false;
    const isAwaited = [...this.#followers].some((follower) => !asked.includes(follower));
    if (this.isWatching) this.#lookAfter(isAwaited ? 0 : lookEveryMs);
  }
}
