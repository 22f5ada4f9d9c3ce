import type { Epoch, GroupName, ShardRef } from "../../core/ids.ts";
import { costOf, type Load, loadWindowMs, shardsNamed } from "../../core/load.ts";
import type { GroupLoad, ShardLoad } from "../../core/messages.ts";

/** Rates are kept in steps of this length: within one, a request is two additions. @unit milliseconds */
const stepMs = 250;
const keptPerStep = Math.exp(-stepMs / loadWindowMs);

/**
 * What each shard that this node serves costs it: requests and handler time per second, the latest counting most.
 *
 * Two numbers a shard, which lose a part with every step; a shard catches up with the steps that it missed when it
 * is touched, so no timer runs and nothing is made per request. A sum is divided by what a steady rate of one would
 * have made of it in the time since the shard was opened: a shard that has just come is not taken for an idle one.
 */
export class ShardMeter {
  readonly #groups = new Map<GroupName, Gauges>();

  /** @param groups those that are measured, with their shards; others cost nothing. */
  constructor(groups: Iterable<MeasuredGroup>) {
    for (const group of groups) this.measure(group);
  }

  /** From now on, too. Shards that are served already have to be opened. */
  measure({ group, shards }: MeasuredGroup): void {
    if (!this.#groups.has(group)) this.#groups.set(group, new Gauges(shards));
  }

  forget(group: GroupName): void {
    this.#groups.delete(group);
  }

  /** Served here from now on, or on under another epoch. */
  open({ group, shard, epoch }: ShardRef & { readonly epoch: Epoch }, nowMs: number): void {
    this.#groups.get(group)?.open(shard, epoch, stepOf(nowMs));
  }

  close({ group, shard }: ShardRef): void {
    this.#groups.get(group)?.close(shard);
  }

  /** A request was answered. @param heldMs how long its handler kept the thread */
  record(group: GroupName, shard: number, nowMs: number, heldMs: number): void {
    this.#groups.get(group)?.record(shard, stepOf(nowMs), heldMs);
  }

  /** The hottest shards of each of these groups, and the others in one sum. */
  report(
    nowMs: number,
    groups: Iterable<GroupName> = this.#groups.keys(),
  ): { shards: readonly ShardLoad[]; others: readonly GroupLoad[] } {
    const shards: ShardLoad[] = [];
    const others: GroupLoad[] = [];
    for (const group of groups) {
      const gauges = this.#groups.get(group);
      if (gauges === undefined) continue;
      const { named, rest } = gauges.read(nowMs);
      for (const load of named) shards.push({ group, ...load });
      if (rest.count > 0) others.push({ group, ...rest });
    }
    return { shards, others };
  }
}

export interface MeasuredGroup {
  readonly group: GroupName;
  readonly shards: number;
}

const stepOf = (nowMs: number): number => Math.floor(nowMs / stepMs);

/** One group: columns by shard. */
class Gauges {
  /** 0: not served here. */
  readonly #epochs: Float64Array;
  readonly #since: Float64Array;
  readonly #steps: Float64Array;
  readonly #requests: Float64Array;
  readonly #busyMs: Float64Array;
  /** As of the last reading. */
  readonly #costs: Float64Array;

  constructor(shards: number) {
    this.#epochs = new Float64Array(shards);
    this.#since = new Float64Array(shards);
    this.#steps = new Float64Array(shards);
    this.#requests = new Float64Array(shards);
    this.#busyMs = new Float64Array(shards);
    this.#costs = new Float64Array(shards);
  }

  open(shard: number, epoch: Epoch, step: number): void {
    if (this.#epochs[shard] === 0) {
      this.#since[shard] = step;
      this.#steps[shard] = step;
      this.#requests[shard] = 0;
      this.#busyMs[shard] = 0;
    }
    this.#epochs[shard] = epoch;
  }

  close(shard: number): void {
    this.#epochs[shard] = 0;
  }

  record(shard: number, step: number, heldMs: number): void {
    if (this.#steps[shard] !== step) this.#catchUp(shard, step);
    this.#requests[shard] = (this.#requests[shard] as number) + 1;
    this.#busyMs[shard] = (this.#busyMs[shard] as number) + heldMs;
  }

  read(nowMs: number): {
    named: readonly Omit<ShardLoad, "group">[];
    rest: Omit<GroupLoad, "group">;
  } {
    const step = stepOf(nowMs);
    const sum = { count: 0, requests: 0, busyMs: 0 };
    let hottest: number[] = [];
    let least = -1;
    for (let shard = 0; shard < this.#epochs.length; shard += 1) {
      if (this.#epochs[shard] === 0) continue;
      this.#catchUp(shard, step);
      const load = this.#rateOf(shard, nowMs);
      sum.count += 1;
      sum.requests += load.requests;
      sum.busyMs += load.busyMs;
      const cost = costOf(load);
      this.#costs[shard] = cost;
      if (cost <= least) continue;
      hottest.push(shard);
      // Of a hundred thousand shards only a few are ever sorted.
      if (hottest.length < 2 * shardsNamed) continue;
      hottest = this.#hottestOf(hottest);
      least = this.#costs[hottest.at(-1) as number] as number;
    }
    const named = this.#hottestOf(hottest).map((shard) => ({
      ...{ shard, epoch: this.#epochs[shard] as number },
      ...this.#rateOf(shard, nowMs),
    }));
    for (const load of named) {
      sum.count -= 1;
      sum.requests = Math.max(0, sum.requests - load.requests);
      sum.busyMs = Math.max(0, sum.busyMs - load.busyMs);
    }
    return { named, rest: sum };
  }

  #hottestOf(shards: readonly number[]): number[] {
    const costOfShard = (shard: number): number => this.#costs[shard] as number;
    return shards.toSorted((a, b) => costOfShard(b) - costOfShard(a)).slice(0, shardsNamed);
  }

  #rateOf(shard: number, nowMs: number): Load {
    const step = this.#steps[shard] as number;
    const weightMs = weightOf(step - (this.#since[shard] as number), nowMs - step * stepMs);
    const perSecond = 1_000 / weightMs;
    return {
      requests: (this.#requests[shard] as number) * perSecond,
      busyMs: (this.#busyMs[shard] as number) * perSecond,
    };
  }

  #catchUp(shard: number, step: number): void {
    const kept = keptPerStep ** Math.max(0, step - (this.#steps[shard] as number));
    this.#steps[shard] = step;
    this.#requests[shard] = (this.#requests[shard] as number) * kept;
    this.#busyMs[shard] = (this.#busyMs[shard] as number) * kept;
  }
}

/** What one a millisecond would have come to, over so many whole steps and a part of one. @unit milliseconds */
function weightOf(wholeSteps: number, partMs: number): number {
  const past = (stepMs * keptPerStep * (1 - keptPerStep ** wholeSteps)) / (1 - keptPerStep);
  // The very first step: a part of it would make a rate of a thousand of a single request.
  return Math.max(past + partMs, stepMs);
}
