import { shardOf } from "@leasehold/sharding/observe";

/** An entity that the probe made for itself. */
export interface ProbeEntity {
  readonly type: "account" | "register" | "counter";
  readonly id: string;
  /** `group/number`. */
  readonly shard: string;
  /** Only read until the fault, and written once, right after it. Without a key: that would first be looked up. */
  readonly isQuiet?: boolean;
}

/** The shards that matter most get so many accounts: a late write must be able to meet one that nobody has used since. */
const accountsAtTarget = 12;
const triesPerShard = 200_000;

/**
 * Entities with ids of their own, in the shards that the probe asks for.
 *
 * @param targets numbers of shards of the group `default`, the ones that matter most first.
 * @param others of further shards: one account each.
 * @param quiet of shards that nobody else of the run writes to: what a node has on its way there when it is cut off meets
 * a head that its next owner has claimed and not written to. Only the fence can refuse it.
 */
export function probeEntities(
  run: string,
  shards: number,
  targets: readonly number[],
  others: readonly number[],
  quiet: readonly number[] = [],
): ProbeEntity[] {
  const found: ProbeEntity[] = [];
  const take = (type: ProbeEntity["type"], shard: number, count: number, isQuiet = false): void => {
    let left = count;
    for (let at = 0; left > 0 && at < triesPerShard; at++) {
      const id = `lab-${run}-${shard}-${at}`;
      if (shardOf("default", type, id, shards) !== shard) continue;
      left--;
      found.push({ type, id, shard: `default/${shard}`, isQuiet });
    }
  };
  for (const shard of targets) {
    take("account", shard, Math.max(1, Math.floor(accountsAtTarget / targets.length)));
    take("register", shard, 1);
    take("counter", shard, 1);
  }
  for (const shard of others) take("account", shard, 1);
  for (const shard of quiet) take("register", shard, 1, true);
  return found;
}
