import type { ClusterState, ShardRef } from "@leasehold/sharding/observe";

/**
 * Gives every shard of every group one number, so that states fit in typed arrays and sets of shards
 * are sets of small integers. Groups only come: a number never changes its meaning within a history.
 */
export class ShardIndex {
  readonly #offsets = new Map<string, number>();
  #groups: { readonly name: string; readonly offset: number; readonly size: number }[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  clear(): void {
    this.#offsets.clear();
    this.#groups = [];
    this.#size = 0;
  }

  /** Adds the groups that are new. True when there were any. */
  learn(cluster: ClusterState): boolean {
    const before = this.#size;
    for (const [name, group] of cluster.groups) {
      if (this.#offsets.has(name)) continue;
      this.#offsets.set(name, this.#size);
      this.#groups.push({ name, offset: this.#size, size: group.shards });
      this.#size += group.shards;
    }
    return this.#size !== before;
  }

  /** -1 where the group is not known. */
  find(ref: ShardRef): number {
    const offset = this.#offsets.get(ref.group);
    return offset === undefined ? -1 : offset + ref.shard;
  }

  refOf(flat: number): ShardRef {
    const group = this.#groups.findLast((it) => it.offset <= flat);
    if (group === undefined) throw new RangeError(`No shard has the number ${flat}.`);
    return { group: group.name, shard: flat - group.offset };
  }

  /** `default/812`; the group is left out where there is only one. */
  label(flat: number): string {
    const ref = this.refOf(flat);
    return this.#groups.length === 1 ? String(ref.shard) : `${ref.group}/${ref.shard}`;
  }
}
