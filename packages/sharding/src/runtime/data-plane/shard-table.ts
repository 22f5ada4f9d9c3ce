import type { GroupName, ShardRef } from "../../core/ids.ts";

/** One value per shard. Found without building a string key: it is asked for each request. */
export class ShardTable<T> {
  readonly #groups = new Map<GroupName, (T | undefined)[]>();

  get(ref: ShardRef): T | undefined {
    return this.#groups.get(ref.group)?.[ref.shard];
  }

  set(ref: ShardRef, value: T): T {
    const row = this.#groups.get(ref.group) ?? [];
    this.#groups.set(ref.group, row);
    row[ref.shard] = value;
    return value;
  }

  delete(ref: ShardRef): void {
    const row = this.#groups.get(ref.group);
    if (row?.[ref.shard] !== undefined) row[ref.shard] = undefined;
  }

  *values(): Generator<T> {
    for (const row of this.#groups.values()) {
      for (const value of row) if (value !== undefined) yield value;
    }
  }
}
