import type { HomelessShard } from "../allocation.ts";
import type { ClusterDraft } from "../cluster.ts";
import { type GroupName, type Incarnation, type ShardRef, shardKey } from "../ids.ts";
import { type HeardLoad, loadFreshMs, loadReportMs, loadWindowMs } from "../load.ts";
import type { AssignCause } from "../log.ts";

/** Looked at this often, where nothing moves. @unit milliseconds */
const lookEveryMs = loadWindowMs;
/** After a move the averages are a mixture of before and after: for so long nothing is concluded. @unit milliseconds */
const settleMs = 2 * loadWindowMs;
/** A shard that was moved stays for so long: it would otherwise be the first to go on. @unit milliseconds */
const restMs = 60_000;
/** Of a life that says nothing any more: its shards are given away with what they cost it. @unit milliseconds */
const rememberMs = 60 * loadReportMs;

/** What the coordinator knows of what shards cost. It may be forgotten: a new one is told within a second. */
export interface BalanceState {
  readonly heard: ReadonlyMap<Incarnation, HeardLoad>;
  /** Groups that are balanced by load are not looked at before. */
  readonly lookAtMs: number;
  /** Until when shards that were moved stay where they are. */
  readonly resting: ReadonlyMap<string, number>;
}

export const emptyBalance: BalanceState = { heard: new Map(), lookAtMs: 0, resting: new Map() };

/** The same, in one turn. */
export class Balance {
  readonly #cluster: ClusterDraft;
  readonly #nowMs: number;
  #state: BalanceState;

  constructor(state: BalanceState, cluster: ClusterDraft, nowMs: number) {
    this.#state = state;
    this.#cluster = cluster;
    this.#nowMs = nowMs;
  }

  get state(): BalanceState {
    return this.#state;
  }

  isByLoad(group: GroupName): boolean {
    return this.#cluster.groups.get(group)?.strategy === "load";
  }

  hear(load: HeardLoad): void {
    const heard = new Map(this.#state.heard).set(load.incarnation, load);
    for (const [life, { atMs }] of heard) {
      if (this.#nowMs - atMs > rememberMs) heard.delete(life);
    }
    this.#state = { ...this.#state, heard };
  }

  get isLookDue(): boolean {
    return this.#nowMs >= this.#state.lookAtMs;
  }

  looked(): void {
    const resting = new Map(
      [...this.#state.resting].filter(([, untilMs]) => untilMs > this.#nowMs),
    );
    this.#state = { ...this.#state, resting, lookAtMs: this.#nowMs + lookEveryMs };
  }

  /** The shard has a new home. What is measured for a while tells of before as much as of after. */
  assigned(ref: ShardRef, cause: AssignCause): void {
    if (!this.isByLoad(ref.group)) return;
    const resting = new Map(this.#state.resting);
    if (cause === "handoff") resting.set(shardKey(ref), this.#nowMs + restMs);
    this.#state = { ...this.#state, resting, lookAtMs: this.#nowMs + settleMs };
  }

  isResting(ref: ShardRef): boolean {
    return (this.#state.resting.get(shardKey(ref)) ?? 0) > this.#nowMs;
  }

  /** What the shard costs its owner, by what that one said last. @unit milliseconds per second */
  loadOf({ group, shard }: ShardRef): number | undefined {
    const row = this.#cluster.shards.get(group)?.[shard];
    if (row === undefined || row.state === "unallocated") return undefined;
    const costs = this.#state.heard.get(row.owner.incarnation)?.groups.get(group);
    return costs?.named.get(shard) ?? costs?.otherwise;
  }

  /** These shards with what each costs, where that counts. */
  weighed<T extends ShardRef>(refs: readonly T[]): readonly (T & HomelessShard)[] {
    return refs.map((ref) => {
      const load = this.isByLoad(ref.group) ? this.loadOf(ref) : undefined;
      return load === undefined ? ref : { ...ref, load };
    });
  }

  /** What the group's shards cost each life that says so. A shard on its way counts where it is going. */
  loadsIn(group: GroupName): ReadonlyMap<Incarnation, number> {
    const loads = new Map<Incarnation, number>();
    if (!this.isByLoad(group)) return loads;
    for (const [life, { atMs }] of this.#state.heard) {
      if (this.#nowMs - atMs <= loadFreshMs) loads.set(life, 0);
    }
    for (const [shard, row] of (this.#cluster.shards.get(group) ?? []).entries()) {
      if (row.state === "unallocated") continue;
      const { incarnation } = row.state === "handing-off" ? row.handoff.to : row.owner;
      const load = loads.get(incarnation);
      if (load !== undefined) loads.set(incarnation, load + (this.loadOf({ group, shard }) ?? 0));
    }
    return loads;
  }
}
