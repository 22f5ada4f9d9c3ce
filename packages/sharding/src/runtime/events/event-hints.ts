import { type NodeId, type NodeRef, type ShardRef, shardKey } from "../../core/ids.ts";
import type { EventMessage, EventsStored } from "../../core/messages.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Transport } from "../../ports/transport.ts";

/** At most one hint to each follower in so long. @unit milliseconds */
const hintEveryMs = 10;
/** Of one hint; what is left goes with the next one. */
const shardLimit = 1_000;
/** A node that follows says so again; what it said holds for two times that. @unit milliseconds */
const announceEveryMs = 5_000;

export interface EventHintsParts {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Whether anybody on this node follows. */
  readonly isFollowing: () => boolean;
  /** For this node's followers. */
  readonly moved: (shards: readonly ShardRef[]) => void;
  /** Whether the cluster has this shard: a peer must not fill lists with others. */
  readonly isShard: (shard: ShardRef) => boolean;
}

/**
 * Wakes followers as soon as something was stored: nodes that follow say so to all others, and those tell them
 * which shards they have appended to. All of it may get lost: then followers wait for the next look.
 */
export class EventHints {
  readonly #parts: EventHintsParts;
  /** Until when each node follows, by what it said last. */
  readonly #followers = new Map<NodeId, number>();
  #stored = new Map<string, ShardRef>();
  #cancelHint: (() => void) | null = null;
  #cancelAnnounce: (() => void) | null = null;
  readonly #leave: () => void;

  constructor(parts: EventHintsParts) {
    this.#parts = parts;
    this.#leave = parts.transport.onPeer((peer, state) => this.#peer(peer, state));
  }

  /** Somebody on this node has begun to follow. */
  begin(): void {
    this.#cancelAnnounce?.();
    this.#announce();
  }

  /** This node has committed events of a shard. */
  stored(shard: ShardRef): void {
    const { clock, isFollowing, moved } = this.#parts;
    if (isFollowing()) moved([shard]);
    if (this.#followers.size === 0) return;
    this.#stored.set(shardKey(shard), shard);
    this.#cancelHint ??= clock.after(hintEveryMs, () => this.#tell());
  }

  receive(from: NodeRef, message: EventMessage): void {
    const { clock, isFollowing, moved, isShard } = this.#parts;
    if (message.tag === "follow-events") {
      this.#followers.set(from.nodeId, clock.monotonicMs() + 2 * announceEveryMs);
    } else if (isFollowing()) moved(message.shards.slice(0, shardLimit).filter(isShard));
  }

  close(): void {
    this.#leave();
    this.#cancelHint?.();
    this.#cancelAnnounce?.();
    this.#followers.clear();
  }

  #tell(): void {
    const { clock } = this.#parts;
    this.#cancelHint = null;
    const shards = [...this.#stored.values()];
    const message: EventsStored = { tag: "events-stored", shards: shards.slice(0, shardLimit) };
    const nowMs = clock.monotonicMs();
    for (const [nodeId, untilMs] of this.#followers) {
      if (untilMs > nowMs) this.#send(nodeId, message);
      else this.#followers.delete(nodeId);
    }
    this.#stored = new Map(shards.slice(shardLimit).map((shard) => [shardKey(shard), shard]));
    if (this.#stored.size > 0) this.#cancelHint = clock.after(hintEveryMs, () => this.#tell());
  }

  #announce(): void {
    const { clock, isFollowing, transport } = this.#parts;
    this.#cancelAnnounce = null;
    if (!isFollowing()) return;
    for (const { nodeId } of transport.connected()) this.#send(nodeId, { tag: "follow-events" });
    this.#cancelAnnounce = clock.after(announceEveryMs, () => this.#announce());
  }

  #peer({ nodeId }: NodeRef, state: "up" | "down"): void {
    if (state === "down") this.#followers.delete(nodeId);
    else if (this.#parts.isFollowing()) this.#send(nodeId, { tag: "follow-events" });
  }

  #send(to: NodeId, message: EventMessage): void {
    this.#parts.transport.send(to, "data", message, "observe");
  }
}
