import { type Epoch, type NodeRef, type ShardRef, shardKey } from "../core/ids.ts";
import type { WarmEntity, WarmState } from "../core/messages.ts";
import type { Clock } from "../ports/clock.ts";
import type { Transport } from "../ports/transport.ts";

/** The order to open the shard follows within a few messages. @unit milliseconds */
const keptMs = 10_000;
/** Shards for which state waits here; more are not taken. */
const shardLimit = 256;

interface Waiting {
  readonly epoch: Epoch;
  readonly entities: readonly WarmEntity[];
  readonly cancel: () => void;
}

/**
 * Spares the target of a handoff the reading of what the source has in memory.
 *
 * Intuition: a handoff does not wait for it and does not depend on it. What comes in time is used, everything else
 * is in the journal.
 */
export class WarmStates {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiting>();

  constructor(transport: Transport, clock: Clock) {
    this.#transport = transport;
    this.#clock = clock;
  }

  send(ref: ShardRef, epoch: Epoch, to: NodeRef, entities: readonly WarmEntity[]): void {
    if (entities.length === 0) return;
    const { group, shard } = ref;
    const message: WarmState = { tag: "warm-state", group, shard, epoch, entities };
    this.#transport.send(to.nodeId, "data", message, "handoff");
  }

  /** The caller has checked that the sender owns the shard under that epoch, and hands it to this node. */
  receive({ group, shard, epoch, entities }: WarmState): void {
    const key = shardKey({ group, shard });
    this.#forget(key);
    if (this.#waiting.size >= shardLimit) return;
    const cancel = this.#clock.after(keptMs, () => this.#forget(key));
    this.#waiting.set(key, { epoch, entities, cancel });
  }

  /** What serves under `epoch` may begin with: only if nobody served in between. */
  take(ref: ShardRef, epoch: Epoch): readonly WarmEntity[] {
    const key = shardKey(ref);
    const waiting = this.#waiting.get(key);
    this.#forget(key);
    return waiting?.epoch === epoch - 1 ? waiting.entities : [];
  }

  clear(): void {
    for (const key of [...this.#waiting.keys()]) this.#forget(key);
  }

  #forget(key: string): void {
    this.#waiting.get(key)?.cancel();
    this.#waiting.delete(key);
  }
}
