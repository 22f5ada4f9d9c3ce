import type { NodeRef } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LinkGate } from "../../ports/gates.ts";
import type { Channel, DropCounter, SendResult, Variant } from "../../ports/transport.ts";
import { messageSize } from "../message-size.ts";

/** One side of a link, as the link sees it. */
export interface LinkOwner {
  readonly self: NodeRef;
  readonly gate: LinkGate;
  readonly drops: DropCounter;
  linked(end: LinkEnd): void;
  unlinked(end: LinkEnd): void;
  received(from: NodeRef, channel: Channel, message: unknown): void;
}

export interface LinkOptions {
  readonly clock: Clock;
  /** Of one way, asked once per frame. @unit milliseconds */
  readonly latencyMs: () => number;
  readonly silenceMs: number;
  readonly queueMessages: number;
  readonly queueBytes: number;
}

interface Waiting {
  readonly message: unknown;
  readonly variant: Variant;
  readonly bytes: number;
}

/** What waits on one channel, from `send` until the own gate has let its frame go. */
interface Queue {
  waiting: Waiting[];
  messages: number;
  bytes: number;
  /** The latest arrival so far: a frame that is faster than the one before it waits for it. */
  arrivesMs: number;
}

const emptyQueue = (): Queue => ({ waiting: [], messages: 0, bytes: 0, arrivesMs: 0 });
const maxDepth = 128;

/** Links two nodes: both hear `up` before either hears a message. */
export function openLink(options: LinkOptions, a: LinkOwner, b: LinkOwner): void {
  const [one, other] = [new LinkEnd(options, a, b), new LinkEnd(options, b, a)];
  one.join(other);
  other.join(one);
  a.linked(one);
  // What a does when it hears of b may already end the link.
  if (other.isOpen) b.linked(other);
}

/**
 * One node's end of a link. Messages of one turn leave as one frame, which passes the own gate, travels,
 * and passes the other's gate; so does the news that this end is closed. What an end that has closed is
 * still to receive, or still had queued, is dropped.
 */
export class LinkEnd {
  readonly peer: NodeRef;
  readonly #self: NodeRef;
  readonly #options: LinkOptions;
  readonly #owner: LinkOwner;
  readonly #gates: { readonly own: LinkGate; readonly theirs: LinkGate };
  readonly #queues: Readonly<Record<Channel, Queue>> = {
    control: emptyQueue(),
    data: emptyQueue(),
  };
  readonly #stopListening: () => void;
  readonly #drainListeners = new Set<() => void>();
  /** Itself until the two ends are joined, which is before anybody knows of them. */
  #other: LinkEnd = this;
  #cancelSilence: (() => void) | null = null;
  #isOpen = true;

  constructor(options: LinkOptions, owner: LinkOwner, peer: LinkOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#self = owner.self;
    this.peer = peer.self;
    this.#gates = { own: owner.gate, theirs: peer.gate };
    this.#stopListening = owner.gate.onChange(() => this.#watchSilence());
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isDrained(): boolean {
    return this.#queues.control.messages === 0 && this.#queues.data.messages === 0;
  }

  join(other: LinkEnd): void {
    this.#other = other;
  }

  send(channel: Channel, message: unknown, variant: Variant): SendResult {
    const { queueMessages, queueBytes } = this.#options;
    const queue = this.#queues[channel];
    const bytes = messageSize(message, maxDepth);
    if (queue.messages >= queueMessages || queue.bytes + bytes > queueBytes) return "full";
    queue.messages++;
    queue.bytes += bytes;
    if (queue.waiting.push({ message, variant, bytes }) === 1)
      this.#options.clock.after(0, () => this.#flush(channel));
    return "queued";
  }

  onDrained(fn: () => void): () => void {
    this.#drainListeners.add(fn);
    return () => this.#drainListeners.delete(fn);
  }

  /** Ends it here at once; the other end hears of it by way of both gates, after what was sent before. */
  close(): void {
    if (!this.#isOpen) return;
    this.#end();
    this.#travel("control", () => this.#other.#end());
  }

  /** Ends it here only: the other end finds out when nothing has come for too long. */
  breakHere(): void {
    this.#end();
    const other = this.#other;
    this.#options.clock.after(this.#options.silenceMs, () => other.#end());
  }

  #end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#stopListening();
    this.#cancelSilence?.();
    for (const queue of Object.values(this.#queues)) {
      for (const { variant } of queue.waiting.splice(0))
        this.#owner.drops.count(variant, "disconnected");
      queue.messages = 0;
    }
    this.#tellDrained();
    this.#owner.unlinked(this);
  }

  #flush(channel: Channel): void {
    const queue = this.#queues[channel];
    const sent = queue.waiting;
    if (sent.length === 0) return;
    const bytes = sent.reduce((sum, one) => sum + one.bytes, 0);
    queue.waiting = [];
    const isReply = (one: Waiting): boolean => one.variant === "reply";
    const inOrder = [...sent.filter(isReply), ...sent.filter((one) => !isReply(one))];
    // A copy, as on a wire: neither side may see what the other changes later.
    const messages = structuredClone(inOrder.map((one) => one.message));
    const left = (): void => {
      queue.messages -= sent.length;
      queue.bytes -= bytes;
      this.#tellDrained();
    };
    this.#travel(channel, () => this.#other.#receive(channel, messages), left);
  }

  #receive(channel: Channel, messages: readonly unknown[]): void {
    for (const message of messages) {
      if (this.#isOpen) this.#owner.received(this.peer, channel, message);
    }
  }

  /** Own gate, wire, other gate. `left` is called when it is on the wire. */
  #travel(channel: Channel, arrive: () => void, left: () => void = () => undefined): void {
    const { clock, latencyMs } = this.#options;
    const queue = this.#queues[channel];
    this.#gates.own.pass(this.peer.nodeId, "out", channel, () => {
      if (this.#isOpen) left();
      const nowMs = clock.monotonicMs();
      queue.arrivesMs = Math.max(queue.arrivesMs, nowMs + latencyMs());
      clock.after(queue.arrivesMs - nowMs, () =>
        this.#gates.theirs.pass(this.#self.nodeId, "in", channel, arrive),
      );
    });
  }

  /** A cut link looks silent to both sides: each would give it up at about the same time. */
  #watchSilence(): void {
    const isCut = !this.#owner.gate.canConnect(this.peer.nodeId);
    if (!isCut) {
      this.#cancelSilence?.();
      this.#cancelSilence = null;
      return;
    }
    this.#cancelSilence ??= this.#options.clock.after(this.#options.silenceMs, () => {
      const other = this.#other;
      this.#end();
      other.#end();
    });
  }

  #tellDrained(): void {
    for (const listener of [...this.#drainListeners]) listener();
  }
}
