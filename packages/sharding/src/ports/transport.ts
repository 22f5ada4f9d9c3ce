import type { NodeId, NodeRef } from "../core/ids.ts";

/**
 * The mesh: authenticated, ordered, bounded channels between two lives of two nodes.
 *
 * Contract (`testkit/contracts/transport.ts`, run against websocket and memory):
 * - Per peer and channel, messages arrive in the order of `send`, at most once, or not at all. Replies
 *   overtake what else waits on their channel, and nothing else overtakes.
 * - A peer is a (nodeId, incarnation) that has proven the shared secret, the cluster's name and the
 *   protocol version. Nothing it sends is parsed before that.
 * - `send` never blocks and never throws; it says whether the message was queued. What is not
 *   delivered is counted by variant and reason.
 * - Messages sent in one tick share a frame, or a few where they are many.
 */
export interface Transport {
  /**
   * Whom to keep connected: new ones are dialled, those that are listed no more are closed and not taken
   * back. A peer that was never listed may connect by itself: others learn of it later. Idempotent.
   */
  setPeers(peers: readonly Peer[]): void;

  /**
   * Queues a message. Values are plain data (msgpack): no functions, no class instances.
   *
   * @returns `queued`, or why not: `full` (the queue is at its limit in messages or bytes, or this one
   * message is above what a frame may have) or `disconnected`.
   */
  send(to: NodeId, channel: Channel, message: unknown, variant: Variant): SendResult;

  onMessage(fn: (from: NodeRef, channel: Channel, message: unknown) => void): () => void;

  /** `up` after both channels are authenticated, `down` when either ended (queued messages are gone). */
  onPeer(fn: (peer: NodeRef, state: "up" | "down") => void): () => void;

  /** The peers that are up. */
  connected(): readonly NodeRef[];

  /** From now on speak as this incarnation: closes every connection and dials again. */
  setIncarnation(incarnation: string): void;

  /** Resolves when what was queued has been written, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;

  close(): Promise<void>;
}

export interface Peer extends NodeRef {
  readonly address: string;
}

export type Channel = "control" | "data";
export type SendResult = "queued" | "full" | "disconnected";

/** What a message is, for the drop counter. */
export type Variant = "control" | "request" | "reply" | "handoff" | "observe";
export const variants: readonly Variant[] = ["control", "request", "reply", "handoff", "observe"];

export type DropReason =
  | "full"
  | "disconnected"
  | "unroutable"
  | "misrouted"
  | "delivery_failed"
  | "expired"
  /** Said by a peer that may not say it. */
  | "unauthorized";
export const dropReasons: readonly DropReason[] = [
  "full",
  "disconnected",
  "unroutable",
  "misrouted",
  "delivery_failed",
  "expired",
  "unauthorized",
];

/** `leasehold_frames_dropped_total{variant, reason}`: all pairs exist from the start, at zero. */
export interface DropCounter {
  count(variant: Variant, reason: DropReason): void;
  snapshot(): readonly {
    readonly variant: Variant;
    readonly reason: DropReason;
    readonly count: number;
  }[];
}
