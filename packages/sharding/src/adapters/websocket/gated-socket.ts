import type { WebSocket } from "ws";
import type { NodeId } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LinkGate } from "../../ports/gates.ts";
import type { Channel } from "../../ports/transport.ts";
import { type CloseCode, closeCodes } from "./close-codes.ts";

export interface GatedSocketOptions {
  readonly ws: WebSocket;
  readonly gate: LinkGate;
  readonly clock: Clock;
  /** Where the other end is, for log lines. */
  readonly remote: string;
  /** Bytes that may wait in the gate before the socket is no longer read. */
  readonly maxHeldBytes: number;
}

/** `gate`: it holds enough. `early`: the peer's other channel is not there yet. */
export type PauseReason = "gate" | "early" | "busy";

export interface SocketEnd {
  readonly code: number;
  readonly reason: string;
  /** This side ended it. */
  readonly local: boolean;
}

/** A closing handshake that takes longer is cut off. */
const closeGraceMs = 250;

/**
 * One WebSocket, and between it and everything above it the gate where faults act.
 *
 * Frames pass the gate as soon as the peer's node id is known, and so does the end of the connection: on a
 * cut link even the news that the other side is gone does not arrive. What the gate still holds when the
 * socket ends is dropped here.
 */
export class GatedSocket {
  readonly remote: string;
  readonly #ws: WebSocket;
  readonly #gate: LinkGate;
  readonly #clock: Clock;
  readonly #maxHeldBytes: number;
  #peer: NodeId | null = null;
  #channel: Channel = "control";
  #heldIn = 0;
  #heldOut = 0;
  #isEnded = false;
  #isProven = false;
  readonly #pauses = new Set<PauseReason>();
  #onFrame: (frame: Buffer) => void = () => undefined;
  #onEnd: (end: SocketEnd) => void = () => undefined;
  #onWritten: () => void = () => undefined;
  readonly #closed = Promise.withResolvers<void>();

  constructor(options: GatedSocketOptions) {
    this.remote = options.remote;
    this.#ws = options.ws;
    this.#gate = options.gate;
    this.#clock = options.clock;
    this.#maxHeldBytes = options.maxHeldBytes;
    this.#ws.on("message", (data, isBinary) => this.#receive(data as Buffer, isBinary));
    this.#ws.on("error", (error) => {
      const code = closeCodeOf(error);
      // What is no WebSocket frame is closed from here, by `ws`.
      this.#arrivedEnd({ code, reason: error.message, local: code !== 1006 });
    });
    this.#ws.on("close", (code, reason) => {
      this.#closed.resolve();
      this.#arrivedEnd({ code, reason: reason.toString("utf8"), local: false });
    });
  }

  /** Resolves when the socket is gone from the system. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** The other side has proven itself (handshake.ts). */
  get isProven(): boolean {
    return this.#isProven;
  }

  /** Bytes taken by `send` that the kernel has not taken. */
  get pendingBytes(): number {
    return this.#heldOut + this.#ws.bufferedAmount;
  }

  /** One receiver at a time: the hello first, the connection after it. */
  listen(onFrame: (frame: Buffer) => void, onEnd: (end: SocketEnd) => void): void {
    this.#onFrame = onFrame;
    this.#onEnd = onEnd;
  }

  /** Called after bytes have left, so that what waits behind them may follow. */
  onWritten(fn: () => void): void {
    this.#onWritten = fn;
  }

  /** From now on the gate decides. The dialler knows its peer from the start, the acceptor from the hello. */
  identify(peer: NodeId, channel: Channel): void {
    this.#peer = peer;
    this.#channel = channel;
  }

  markProven(): void {
    this.#isProven = true;
  }

  /** Stops reading until every reason to do so is gone. What was read already still arrives. */
  pause(reason: PauseReason): void {
    this.#pauses.add(reason);
    this.#ws.pause();
  }

  resume(reason: PauseReason): void {
    if (this.#pauses.delete(reason) && this.#pauses.size === 0) this.#ws.resume();
  }

  /** Lets the rest of a frame that was read before its sender was known wait for the gate. */
  pass(deliver: () => void): void {
    this.#through("in", () => !this.#isEnded && deliver());
  }

  send(frame: Buffer): void {
    if (this.#isEnded) return;
    if (this.#peer === null) return this.#write(frame);
    this.#heldOut += frame.length;
    const leave = (): void => {
      this.#heldOut -= frame.length;
      if (!this.#isEnded) this.#write(frame);
    };
    this.#through("out", leave, frame);
  }

  /** Ends the connection for this side at once; the other side hears of it when the gate lets it. */
  end(code: CloseCode, reason: string): void {
    if (this.#isEnded) return;
    this.#finish({ code, reason, local: true });
    this.#through("out", () => this.#close(code, reason));
  }

  /** Ends it without asking the gate: sockets that never became a connection, and the node's own end. */
  drop(code: CloseCode, reason: string): void {
    if (!this.#isEnded) this.#finish({ code, reason, local: true });
    this.#close(code, reason);
  }

  /** Ends it without a word: a flood is not owed a closing handshake. */
  terminate(code: CloseCode, reason: string): void {
    if (!this.#isEnded) this.#finish({ code, reason, local: true });
    this.#ws.terminate();
  }

  #through(direction: "in" | "out", deliver: () => void, frame?: Buffer): void {
    if (this.#peer === null) deliver();
    else this.#gate.pass(this.#peer, direction, this.#channel, deliver, frame);
  }

  #write(frame: Buffer): void {
    this.#ws.send(frame, (error) => {
      if (error === undefined || error === null) this.#onWritten();
    });
  }

  #receive(frame: Buffer, isBinary: boolean): void {
    if (this.#isEnded) return;
    if (!isBinary) return this.end(closeCodes.notBinary, "binary frames only");
    if (this.#peer === null) return this.#onFrame(frame);
    this.#heldIn += frame.length;
    const arrive = (): void => {
      this.#heldIn -= frame.length;
      if (this.#isEnded) return;
      if (this.#heldIn <= this.#maxHeldBytes / 2) this.resume("gate");
      this.#onFrame(frame);
    };
    this.#through("in", arrive, frame);
    // What the gate holds is bounded as a kernel's receive buffer is: the sender's queue fills up instead.
    if (this.#heldIn > this.#maxHeldBytes) this.pause("gate");
  }

  /** It came by the socket, so it passes the gate as frames do. */
  #arrivedEnd(end: SocketEnd): void {
    if (this.#isEnded) return;
    this.#through("in", () => {
      if (!this.#isEnded) this.#finish(end);
    });
  }

  #finish(end: SocketEnd): void {
    this.#isEnded = true;
    this.#onEnd(end);
    this.#onFrame = this.#onEnd = this.#onWritten = () => undefined;
  }

  #close(code: CloseCode, reason: string): void {
    if (this.#ws.readyState === this.#ws.CLOSED) return;
    // A paused socket would never read the other side's answer.
    if (this.#pauses.size > 0) this.#ws.resume();
    this.#ws.close(code, reason.slice(0, 120));
    const cancel = this.#clock.after(closeGraceMs, () => this.#ws.terminate());
    void this.#closed.promise.then(cancel);
  }
}

/** Protocol errors carry the code that ws closes with; the rest is the loss of the connection. */
function closeCodeOf(error: Error): number {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" || code === "WS_ERR_TOO_MANY_BUFFERED_PARTS") {
    return closeCodes.tooBig;
  }
  return code.startsWith("WS_ERR_") ? closeCodes.protocolError : 1006;
}
