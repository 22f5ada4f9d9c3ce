import { Socket } from "node:net";
import { Duplex } from "node:stream";
import { Lane } from "./lane.ts";

export interface StreamRules {
  readonly isCut: (direction: "in" | "out") => boolean;
  /** Of what is written. @unit milliseconds */
  readonly delayMs: () => number;
  /** The socket below is gone, and the stream has heard of it. */
  readonly released: () => void;
  /** Looks at bytes as they leave, and at the server's before anybody hears of them. */
  readonly watch: StreamWatch;
}

export interface StreamWatch {
  leaving(bytes: Buffer): void;
  arrived(bytes: Buffer): void;
}

/** What a kernel's send buffer would take before a writer has to wait. */
const maxHeldBytes = 256 * 1024;

/**
 * A TCP socket behind a gate, with the methods of `net.Socket` that node-postgres calls.
 *
 * What is written waits in one lane, what the socket says (bytes, its connect, its end, its errors) in
 * another. While `in` is cut the socket is not read, so that a server which sends much is held up by its
 * own kernel.
 *
 * A stream that is destroyed while `out` is cut keeps its socket until the cut ends, and what it had
 * written still arrives then, as a kernel would go on sending it: the server must neither release the
 * session's locks sooner than in a real partition, nor be spared a statement that comes too late.
 */
export class GatedStream extends Duplex {
  readonly #rules: StreamRules;
  readonly #socket = new Socket();
  readonly #in: Lane;
  readonly #out: Lane;
  #heldBytes = 0;
  /** A connect that hangs. */
  #connect: (() => void) | null = null;
  #isReading = true;
  #hasEnded = false;

  constructor(rules: StreamRules) {
    super({ allowHalfOpen: false });
    this.#rules = rules;
    this.#in = new Lane({ isCut: () => rules.isCut("in"), delayMs: () => 0 });
    this.#out = new Lane({
      isCut: () => rules.isCut("out") || this.#connect !== null,
      delayMs: rules.delayMs,
    });
    this.#socket.on("connect", () => this.#in.pass(() => this.#arrive(() => this.emit("connect"))));
    this.#socket.on("data", (chunk) => {
      rules.watch.arrived(chunk);
      this.#in.pass(() => this.#arrive(() => this.#push(chunk)));
    });
    this.#socket.on("end", () => this.#in.pass(() => this.#arrive(() => this.#end())));
    this.#socket.on("error", (error) => this.#in.pass(() => this.destroy(error)));
    this.#socket.on("close", () => {
      this.#in.pass(() => {
        rules.released();
        // After a regular end the stream closes by itself, once it has been read to its end.
        if (!this.#hasEnded) this.destroy();
      });
    });
  }

  /** As `net.Socket.connect(port, host)` or `(path)`. While the link is cut it hangs. */
  connect(portOrPath: number | string, host?: string): this {
    this.#connect = () => {
      if (typeof portOrPath === "string") this.#socket.connect(portOrPath);
      else this.#socket.connect(portOrPath, host ?? "localhost");
    };
    this.changed(false);
    return this;
  }

  setNoDelay(noDelay?: boolean): this {
    this.#socket.setNoDelay(noDelay);
    return this;
  }

  setKeepAlive(enable?: boolean, initialDelayMs?: number): this {
    this.#socket.setKeepAlive(enable, initialDelayMs);
    return this;
  }

  ref(): this {
    this.#socket.ref();
    return this;
  }

  unref(): this {
    this.#socket.unref();
    return this;
  }

  /** The rules have changed; `isSwift`: what waits has no delay left. */
  changed(isSwift: boolean): void {
    const { isCut } = this.#rules;
    if (this.#connect !== null && !isCut("in") && !isCut("out")) {
      const connect = this.#connect;
      this.#connect = null;
      connect();
    }
    this.#out.pump(isSwift);
    this.#in.pump();
    if (!this.destroyed) this.#readOrNot();
  }

  override _read(): void {
    this.#isReading = true;
    this.#readOrNot();
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    this.#heldBytes += chunk.length;
    const isFull = this.#heldBytes > maxHeldBytes;
    this.#out.pass(() => {
      this.#heldBytes -= chunk.length;
      this.#rules.watch.leaving(chunk);
      this.#socket.write(chunk, isFull ? done : undefined);
    });
    if (!isFull) done();
  }

  override _writev(
    chunks: readonly { readonly chunk: Buffer }[],
    done: (error?: Error | null) => void,
  ): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "utf8", done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#out.pass(() => this.#socket.end());
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#connect = null;
    const isKnown = !this.#socket.pending;
    const isLate = !this.#out.isEmpty || this.#rules.isCut("out");
    if (isKnown && isLate) this.#out.pass(() => this.#socket.unref().destroySoon());
    else this.#socket.destroy();
    done(error);
  }

  #arrive(deliver: () => void): void {
    if (!this.destroyed) deliver();
  }

  #push(chunk: Buffer): void {
    this.#isReading = this.push(chunk);
    this.#readOrNot();
  }

  #end(): void {
    this.#hasEnded = true;
    this.push(null);
  }

  #readOrNot(): void {
    if (this.#isReading && !this.#rules.isCut("in")) this.#socket.resume();
    else this.#socket.pause();
  }
}
