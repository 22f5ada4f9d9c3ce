import type { NodeRef } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type {
  Channel,
  DropCounter,
  DropReason,
  SendResult,
  Variant,
} from "../../ports/transport.ts";
import { messageSize } from "../message-size.ts";
import { type CloseCode, closeCodes } from "./close-codes.ts";
import { decodeFrame, encodeFrame, ping, pong } from "./frame.ts";
import type { GatedSocket, SocketEnd } from "./gated-socket.ts";
import { Intake } from "./intake.ts";
import type { WebsocketLimits } from "./limits.ts";
import type { Log } from "./log.ts";
import { type Batch, Outbox } from "./outbox.ts";

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly socket: GatedSocket;
  readonly peer: NodeRef;
  readonly channel: Channel;
  readonly limits: WebsocketLimits;
  readonly drops: DropCounter;
  readonly log: Log;
  readonly onMessage: (from: NodeRef, channel: Channel, message: unknown) => void;
  readonly onDrained: () => void;
  /** Called once. What was queued is already counted as dropped. */
  readonly onEnd: (end: SocketEnd) => void;
}

/** How often `tick` is called per silence limit: a half-open peer is closed within a twelfth more. */
export const ticksPerSilence = 12;

/** One authenticated channel: batches what is sent, dispatches what arrives, notices silence. */
export class Connection {
  readonly peer: NodeRef;
  readonly channel: Channel;
  readonly #options: ConnectionOptions;
  readonly #socket: GatedSocket;
  readonly #outbox = new Outbox();
  readonly #intake: Intake;
  readonly #ticksPerPing: number;
  /** Frames that came before the link was up; null once it is. */
  #early: Buffer[] | null = [];
  #isFlushDue = false;
  /** Of the socket, as of the first message of this turn, or of what was written in it. */
  #pendingBytes = 0;
  #ticks = 0;
  #silentTicks = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.peer = options.peer;
    this.channel = options.channel;
    this.#intake = new Intake({
      clock: options.clock,
      open: (frame) => this.#open(frame),
      dispatch: (message) => options.onMessage(options.peer, options.channel, message),
      pause: () => this.#socket.pause("busy"),
      resume: () => this.#socket.resume("busy"),
    });
    const { pingIntervalMs, silenceMs } = options.limits;
    this.#ticksPerPing = Math.max(1, Math.round((pingIntervalMs / silenceMs) * ticksPerSilence));
    this.#socket.listen(
      (frame) => this.#receive(frame),
      (end) => this.#ended(end),
    );
    this.#socket.onWritten(() => this.#written());
  }

  get isDrained(): boolean {
    return this.#outbox.messages === 0 && this.#socket.pendingBytes === 0;
  }

  /** The link is up: what arrived before may be dispatched. */
  open(): void {
    const early = this.#early ?? [];
    this.#early = null;
    for (const frame of early) this.#intake.push(frame);
    this.#socket.resume("early");
  }

  send(message: unknown, variant: Variant): SendResult {
    if (this.#socket.isEnded) return this.#refuse(variant, "disconnected");
    const { limits } = this.#options;
    const size = messageSize(message, limits.maxDepth - 1);
    if (size > limits.maxFrameBytes) return this.#refuseUndeliverable(variant, size);
    if (!this.#isFlushDue) this.#flushSoon();
    const isFull =
      this.#outbox.messages >= limits.queueMessages ||
      this.#outbox.bytes + this.#pendingBytes + size > limits.queueBytes;
    if (isFull) return this.#refuse(variant, "full");
    this.#outbox.push(message, variant, size);
    if (this.#outbox.messages % limits.frameMessages === 0) this.#writeEarly();
    return "queued";
  }

  end(code: CloseCode, reason: string): void {
    this.#socket.end(code, reason);
  }

  /** Called `ticksPerSilence` times per silence limit. Counted, not timed: a node that froze must not blame its peers. */
  tick(): void {
    this.#silentTicks++;
    if (this.#silentTicks > ticksPerSilence) {
      return this.end(closeCodes.silence, `nothing heard for ${this.#options.limits.silenceMs} ms`);
    }
    if (this.#ticks++ % this.#ticksPerPing === 0) this.#socket.send(ping);
  }

  flush(): void {
    this.#isFlushDue = false;
    this.#writeOut();
  }

  /**
   * A long turn's messages do not wait for its end: the peer works on the first ones while this side makes more.
   * Two nodes that each waited for all of the other's would take turns, and use one core of two.
   */
  #writeEarly(): void {
    this.#writeOut();
    this.#pendingBytes = this.#socket.pendingBytes;
  }

  #writeOut(): void {
    const { limits } = this.#options;
    while (this.#outbox.messages > 0 && this.#socket.pendingBytes < limits.socketBytes) {
      this.#write(this.#outbox.take(limits.maxFrameBytes / 4));
    }
  }

  /** At the end of this turn, after every promise that it resolved: what those send shares the frame. */
  #flushSoon(): void {
    this.#isFlushDue = true;
    this.#pendingBytes = this.#socket.pendingBytes;
    queueMicrotask(() => process.nextTick(() => this.flush()));
  }

  #write(batch: Batch): void {
    const frame = this.#encode(batch);
    if (frame !== null && frame.length <= this.#options.limits.maxFrameBytes)
      return this.#socket.send(frame);
    if (batch.messages.length === 1) return this.#loseUndeliverable(batch);
    // One message that does not fit, or is not plain data, must not take the others with it.
    const half = batch.messages.length >> 1;
    this.#write(slice(batch, 0, half));
    this.#write(slice(batch, half));
  }

  #encode(batch: Batch): Buffer | null {
    try {
      return encodeFrame(batch.messages);
    } catch (error) {
      this.#options.log("error", "A mesh message is not plain data", {
        peer: this.peer.nodeId,
        error,
      });
      return null;
    }
  }

  #written(): void {
    if (this.#outbox.messages > 0 && !this.#isFlushDue) this.flush();
    if (this.isDrained) this.#options.onDrained();
  }

  #receive(frame: Buffer): void {
    this.#silentTicks = 0;
    if (this.#early === null) return this.#intake.push(frame);
    this.#early.push(frame);
    // Not read, not buffered: the other side's queue has a bound, and so has the time to the link's start.
    this.#socket.pause("early");
  }

  #open(frame: Buffer): readonly unknown[] {
    const decoded = decodeFrame(frame, this.#options.limits.maxDepth);
    if (decoded.tag === "messages") return decoded.messages;
    if (decoded.tag === "ping") this.#socket.send(pong);
    else if (decoded.tag === "bad") this.end(closeCodes.badFrame, decoded.why);
    return [];
  }

  #ended(end: SocketEnd): void {
    // What came before the other side's end was said before it: replies of a node that leaves, above all.
    if (end.local) this.#intake.drop();
    else this.#intake.finish();
    const lost = this.#outbox.take(Number.POSITIVE_INFINITY);
    for (const variant of lost.variants) this.#options.drops.count(variant, "disconnected");
    this.#options.onEnd(end);
    this.#options.onDrained();
  }

  #refuse<R extends SendResult & DropReason>(variant: Variant, reason: R): R {
    this.#options.drops.count(variant, reason);
    return reason;
  }

  #refuseUndeliverable(variant: Variant, size: number): SendResult {
    this.#options.drops.count(variant, "delivery_failed");
    const { maxFrameBytes, maxDepth } = this.#options.limits;
    this.#options.log(
      "error",
      `A mesh message is above ${maxFrameBytes} bytes or nests deeper than ${maxDepth}`,
      {
        peer: this.peer.nodeId,
        variant,
        size,
      },
    );
    return "full";
  }

  #loseUndeliverable(batch: Batch): void {
    for (const variant of batch.variants) this.#options.drops.count(variant, "delivery_failed");
  }
}

const slice = (batch: Batch, from: number, to?: number): Batch => ({
  messages: batch.messages.slice(from, to),
  variants: batch.variants.slice(from, to),
  bytes: 0,
});
