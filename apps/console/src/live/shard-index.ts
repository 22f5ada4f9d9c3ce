import { type ClusterState, daemonOf, type ShardRef } from "@leasehold/sharding/observe";

/** Shards of one group that came together: numbered from `offset`, the first of them is shard `from`. */
interface Stretch {
  readonly name: string;
  readonly offset: number;
  readonly from: number;
  readonly size: number;
}

/**
 * Gives every shard of every group one number, so that states fit in typed arrays and sets of shards
 * are sets of small integers. Groups and shards only come: a number never changes its meaning within a history.
 */
export class ShardIndex {
  readonly #stretchesOf = new Map<string, Stretch[]>();
  #stretches: Stretch[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  clear(): void {
    this.#stretchesOf.clear();
    this.#stretches = [];
    this.#size = 0;
  }

  /** Adds the shards that are new: of new groups, and of daemons that were scaled up. True when there were any. */
  learn(cluster: ClusterState): boolean {
    const before = this.#size;
    for (const [name, group] of cluster.groups) {
      const known = this.#stretchesOf.get(name) ?? [];
      const from = known.reduce((count, it) => count + it.size, 0);
      const size = group.shards - from;
      if (size <= 0) continue;
      const stretch = { name, offset: this.#size, from, size };
      this.#stretchesOf.set(name, [...known, stretch]);
      this.#stretches.push(stretch);
      this.#size += size;
    }
    return this.#size !== before;
  }

  /** -1 where the group is not known. */
  find(ref: ShardRef): number {
    for (const { offset, from, size } of this.#stretchesOf.get(ref.group) ?? []) {
      if (ref.shard < from + size) return offset + ref.shard - from;
    }
    return -1;
  }

  refOf(flat: number): ShardRef {
    // Asked several times for each shard that is judged: without a closure for each.
    for (let at = this.#stretches.length - 1; at >= 0; at--) {
      const { name, offset, from } = this.#stretches[at] as Stretch;
      if (offset <= flat) return { group: name, shard: from + flat - offset };
    }
    throw new RangeError(`No shard has the number ${flat}.`);
  }

  /** `812`, `daemon:settler/0`: of the group `default`, and where there is only one, the number says enough. */
  label(flat: number): string {
    const { group, shard } = this.refOf(flat);
    return this.#isPlain(group) ? String(shard) : `${group}/${shard}`;
  }

  /** What fits on a tile: `812`, `s0`. */
  shortLabel(flat: number): string {
    const { group, shard } = this.refOf(flat);
    return this.#isPlain(group)
      ? String(shard)
      : `${(daemonOf(group) ?? group).slice(0, 1)}${shard}`;
  }

  #isPlain(group: string): boolean {
    return group === "default" || this.#stretchesOf.size === 1;
  }
}
