import type { Epoch, NodeRef, ShardRef } from "../ids.ts";
import { shardKey } from "../ids.ts";
import type { HandoffRef, ShardGrant } from "../messages.ts";
import type { HeldShard, RegionEffect, RegionReport, RegionState } from "../region.ts";

/** The maps are copied on the first change of a turn. */
export class RegionDraft {
  readonly self: NodeRef;
  readonly effects: RegionEffect[] = [];
  isEvicted: boolean;
  readonly #before: RegionState;
  #held: Map<string, HeldShard> | null = null;
  #highest: Map<string, Epoch> | null = null;
  #arrived: Map<string, ShardGrant> | null = null;

  constructor(state: RegionState) {
    this.self = state.self;
    this.isEvicted = state.isEvicted;
    this.#before = state;
  }

  find(ref: ShardRef): HeldShard | undefined {
    return (this.#held ?? this.#before.held).get(shardKey(ref));
  }

  allHeld(): readonly HeldShard[] {
    return [...(this.#held ?? this.#before.held).values()];
  }

  findHandoff(handoffId: string): HeldShard | undefined {
    for (const held of (this.#held ?? this.#before.held).values()) {
      if (held.phase !== "serving" && held.handoffId === handoffId) return held;
    }
    return undefined;
  }

  highestOf(ref: ShardRef): Epoch {
    return (this.#highest ?? this.#before.highest).get(shardKey(ref)) ?? 0;
  }

  hasArrived(handoffId: string): boolean {
    return (this.#arrived ?? this.#before.arrived).has(handoffId);
  }

  hold(held: HeldShard): void {
    this.#held ??= new Map(this.#before.held);
    this.#held.set(shardKey(held), held);
  }

  serve({ group, shard, epoch }: ShardGrant): void {
    this.hold({ group, shard, epoch, phase: "serving" });
  }

  drop(held: HeldShard): void {
    this.#held ??= new Map(this.#before.held);
    this.#held.delete(shardKey(held));
    this.effects.push({ tag: "drop", group: held.group, shard: held.shard, epoch: held.epoch });
    if (held.phase !== "serving") this.effects.push({ tag: "forget", handoffId: held.handoffId });
  }

  raise(ref: ShardRef, epoch: Epoch): void {
    if (epoch <= this.highestOf(ref)) return;
    this.#highest ??= new Map(this.#before.highest);
    this.#highest.set(shardKey(ref), epoch);
  }

  arrive({ group, shard, epoch, handoffId }: HandoffRef): void {
    this.#arrived ??= new Map(this.#before.arrived);
    this.#arrived.set(handoffId, { group, shard, epoch });
  }

  /** The state was handed to the executor. */
  consume(handoffId: string): void {
    this.#arrived ??= new Map(this.#before.arrived);
    this.#arrived.delete(handoffId);
  }

  /** State that arrived for an earlier assignment of the shard will not be asked for any more. */
  forgetArrived(ref: ShardRef, epoch: Epoch): void {
    for (const [handoffId, grant] of this.#arrived ?? this.#before.arrived) {
      if (shardKey(grant) !== shardKey(ref) || grant.epoch >= epoch) continue;
      this.consume(handoffId);
      this.effects.push({ tag: "forget", handoffId });
    }
  }

  report<T extends RegionReport["tag"]>(
    tag: T,
    item: Extract<RegionReport, { tag: T }>["item"],
  ): void {
    this.effects.push({ tag: "report", report: { tag, item } as RegionReport });
  }

  freeze(): RegionState {
    const { self, held, highest, arrived: before } = this.#before;
    return {
      self,
      held: this.#held ?? held,
      highest: this.#highest ?? highest,
      arrived: this.#arrived ?? before,
      isEvicted: this.isEvicted,
    };
  }
}
