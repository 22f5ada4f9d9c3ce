import type { GroupName, ShardRef } from "../../core/ids.ts";
import type { Shard } from "./shard.ts";

/** The shards held, found by two lookups without making a key. */
export class ShardTable {
  readonly #groups = new Map<GroupName, Map<number, Shard>>();

  get(ref: ShardRef): Shard | undefined {
    return this.#groups.get(ref.group)?.get(ref.shard);
  }

  add(shard: Shard): void {
    const { group, shard: index } = shard.ref;
    let shards = this.#groups.get(group);
    if (shards === undefined) {
      shards = new Map();
      this.#groups.set(group, shards);
    }
    shards.set(index, shard);
  }

  remove(shard: Shard): void {
    this.#groups.get(shard.ref.group)?.delete(shard.ref.shard);
  }

  *[Symbol.iterator](): Generator<Shard> {
    for (const shards of this.#groups.values()) yield* shards.values();
  }
}
