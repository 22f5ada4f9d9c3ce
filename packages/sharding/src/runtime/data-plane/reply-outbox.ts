import type { NodeId, NodeRef } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DropCounter } from "../../ports/transport.ts";
import type { Links } from "./links.ts";
import type { FarewellTuple, ReplyTuple } from "./wire.ts";

type Told = ReplyTuple | FarewellTuple;

/**
 * Replies to other nodes, and the farewell after them, in order, also when the transport's queue is full for a moment.
 *
 * A reply that is dropped leaves its caller waiting until the deadline, so it waits here instead. The
 * bound is for a peer that reads nothing any more; beyond it replies are dropped and counted, and the
 * sender's cancel finds out (wire.ts: a cancel is always answered).
 */
export class ReplyOutbox {
  readonly #links: Links;
  readonly #clock: Clock;
  readonly #drops: DropCounter;
  readonly #limit: number;
  readonly #waiting = new Map<NodeId, { readonly to: NodeRef; readonly replies: Told[] }>();
  #cancelRetry: (() => void) | null = null;

  constructor(links: Links, clock: Clock, drops: DropCounter, limit: number) {
    this.#links = links;
    this.#clock = clock;
    this.#drops = drops;
    this.#limit = limit;
  }

  send(to: NodeRef, reply: Told): void {
    const queue = this.#waiting.get(to.nodeId);
    if (queue !== undefined) {
      if (queue.replies.length < this.#limit) queue.replies.push(reply);
      else this.#drops.count("reply", "full");
      return;
    }
    if (this.#links.send(to, reply, "reply") !== "full") return;
    this.#waiting.set(to.nodeId, { to, replies: [reply] });
    this.#arm();
  }

  /** The connection is gone, and with it whoever waited. */
  drop(peer: NodeRef): void {
    const queue = this.#waiting.get(peer.nodeId);
    if (queue === undefined) return;
    for (const _ of queue.replies) this.#drops.count("reply", "disconnected");
    this.#waiting.delete(peer.nodeId);
  }

  close(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = null;
  }

  #arm(): void {
    this.#cancelRetry ??= this.#clock.after(retryMs, () => {
      this.#cancelRetry = null;
      for (const queue of this.#waiting.values()) this.#retry(queue.to, queue.replies);
      if (this.#waiting.size > 0) this.#arm();
    });
  }

  #retry(to: NodeRef, replies: Told[]): void {
    let sent = 0;
    for (const reply of replies) {
      if (this.#links.send(to, reply, "reply") === "full") break;
      sent += 1;
    }
    replies.splice(0, sent);
    if (replies.length === 0) this.#waiting.delete(to.nodeId);
  }
}

const retryMs = 5;
