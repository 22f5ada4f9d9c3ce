import { shardOf } from "@leasehold/sharding/observe";
import type { Facts, Planned } from "./scenarios/scenario.ts";

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

/** Numbers of shards of the group `default` that the probe asks for. */
export interface ProbedShards {
  /** Those that the scenario is about, the ones that matter most first. */
  readonly targets: readonly number[];
  /** Of each node some, one account each. */
  readonly others: readonly number[];
  /**
   * Shards that nobody else of the run writes to: what a node has on its way there when it is cut off meets a head that
   * its next owner has claimed and not written to. Only the fence can refuse it.
   */
  readonly quiet: readonly number[];
}

const targetCount = 4;
const otherCount = 5;
const quietCount = 4;

export function probedShards(facts: Facts, planned: Planned): ProbedShards {
  const targets = planned.shards
    .filter((it) => it.group === "default")
    .map((it) => it.shard)
    .slice(0, targetCount);
  const quiet = quietShards(facts, planned, targets);
  return { targets, others: spread(facts, [...targets, ...quiet]), quiet };
}

/** Of the node that is to have writes on its way; of most scenarios none. Nobody else writes there, if it has enough. */
function quietShards(facts: Facts, { steps }: Planned, except: readonly number[]): number[] {
  const acts = steps.flatMap((it) => (it.tag === "act" ? it.acts : []));
  const writer = acts.find((it) => it.tag === "write-late")?.nodeId;
  const own = facts.shards
    .filter((it) => it.owner === writer && it.ref.group === "default")
    .map((it) => it.ref.shard);
  const others = own.filter((it) => !except.includes(it));
  return (others.length > 0 ? others : own).slice(-quietCount);
}

/** One node after the other. */
function spread(facts: Facts, except: readonly number[]): number[] {
  const byOwner = Map.groupBy(
    facts.shards.filter((it) => it.ref.group === "default" && !except.includes(it.ref.shard)),
    (it) => it.owner,
  );
  const lists = [...byOwner.values()];
  const turns = Math.max(0, ...lists.map((it) => it.length));
  return Array.from({ length: turns }, (_, at) => lists.flatMap((it) => it[at]?.ref.shard ?? []))
    .flat()
    .slice(0, otherCount);
}

/** Entities with ids of their own, in the shards that the probe asks for. */
export function probeEntities(
  run: string,
  shards: number,
  { targets, others, quiet }: ProbedShards,
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
