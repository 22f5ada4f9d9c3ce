import type { ShardPosition } from "../../core/cursor.ts";
import { type ShardRef, shardKey } from "../../core/ids.ts";

/** The last event of each shard, by its key. */
export type Ends = ReadonlyMap<string, ShardPosition>;

/**
 * How far one follower has read each shard, and which shards may have more for it.
 *
 * Intuition: a hint only puts a shard on the list of those to read from. What is read moves the position, and
 * nothing else does, so a hint that is lost, late or wrong costs a look and never an event.
 */
export class FeedProgress {
  /** The one shard that is followed; null: all. */
  readonly only: ShardRef | null;
  readonly #positions = new Map<string, ShardPosition>();
  /** In the order in which they got on the list: a busy shard does not keep the others waiting. */
  readonly #waiting = new Map<string, ShardRef>();
  readonly #readDuringLook = new Set<string>();

  constructor(only: ShardRef | null, positions: Iterable<ShardPosition>) {
    this.only = only;
    for (const position of positions) {
      if (this.#follows(position)) this.#positions.set(shardKey(position), position);
    }
  }

  /** A shard may have events above its position. */
  moved(shard: ShardRef): void {
    if (this.#follows(shard)) this.#waiting.set(shardKey(shard), shard);
  }

  /** A look at the ends begins: it may not see what is read from now on. */
  lookBegins(): void {
    this.#readDuringLook.clear();
  }

  /** The look's answer: puts the shards on the list that go on above their positions. */
  seen(ends: Ends): void {
    for (const [key, end] of ends) if (end.seq > this.#seqOf(key)) this.moved(end);
  }

  /** A position that the look shows not to exist: its shard has lost its end, or it is of another journal. */
  findLost(ends: Ends): (ShardPosition & { readonly end: number }) | null {
    for (const [key, position] of this.#positions) {
      const end = ends.get(key)?.seq ?? 0;
      if (position.seq > end && !this.#readDuringLook.has(key)) return { ...position, end };
    }
    return null;
  }

  /** Takes the first `limit` shards off the list. Whatever becomes of the reading: `moved` puts them back. */
  take(limit: number): readonly ShardPosition[] {
    const taken: ShardPosition[] = [];
    for (const [key, { group, shard }] of this.#waiting) {
      if (taken.length === limit) break;
      this.#waiting.delete(key);
      taken.push({ group, shard, seq: this.#seqOf(key) });
    }
    return taken;
  }

  /** What was read is done with. */
  advance(read: readonly ShardPosition[]): void {
    for (const position of read) {
      const key = shardKey(position);
      this.#positions.set(key, position);
      this.#readDuringLook.add(key);
    }
  }

  isAt(shard: ShardRef, seq: number): boolean {
    return this.#seqOf(shardKey(shard)) >= seq;
  }

  /** @param then what will have been read by then. */
  positions(then: readonly ShardPosition[] = []): readonly ShardPosition[] {
    const positions = new Map(this.#positions);
    for (const position of then) positions.set(shardKey(position), position);
    return [...positions.values()];
  }

  #follows({ group, shard }: ShardRef): boolean {
    return this.only === null || (this.only.group === group && this.only.shard === shard);
  }

  #seqOf(key: string): number {
    return this.#positions.get(key)?.seq ?? 0;
  }
}
