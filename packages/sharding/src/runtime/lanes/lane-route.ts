import type { GroupName, ShardRef } from "../../core/ids.ts";
import type { SharedOwnership } from "./ownership-table.ts";

/** The most lanes of a node. */
export const lanesLimit = 64;

/** 2^32 over the golden ratio: its multiples leave no stride of shards in one place. */
const golden = 0x9e3779b1;

/**
 * Which lane a shard lives in: for its whole life on this node, the same on the main thread and in each lane.
 *
 * Not `shard mod lanes`: shards are dealt out to nodes in turn, so that one of two nodes may have the even ones, and
 * all of them would live in one of two lanes.
 */
export class LaneRoute {
  readonly lanes: number;
  readonly #offsets: ReadonlyMap<GroupName, number>;

  constructor(groups: SharedOwnership["groups"], lanes: number) {
    this.lanes = lanes;
    // Each group begins elsewhere: groups of one shard would otherwise all live in the first lane.
    this.#offsets = new Map(groups.map(({ group }, index) => [group, 1 + index]));
  }

  /** Null: the group does not live in lanes. */
  laneOf({ group, shard }: ShardRef): number | null {
    const offset = this.#offsets.get(group);
    if (offset === undefined) return null;
    const place = Math.imul(shard + offset, golden) >>> 0;
    return Math.floor((place / 2 ** 32) * this.lanes);
  }
}
