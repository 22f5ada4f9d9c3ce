/** Before the bytes: what was written, what was read, and a word that changes when there is something new. */
const headerBytes = 64;
const [written, read, news] = [0, 1, 2];
const lengthBytes = 4;

/**
 * Frames from one thread to one other through shared memory, without a lock: one side only writes, the other only
 * reads. Both counters count bytes and wrap at 2^32; a frame may lie around the ring's end.
 */
export class Ring {
  readonly memory: SharedArrayBuffer;
  readonly #header: Int32Array<SharedArrayBuffer>;
  readonly #bytes: Uint8Array<SharedArrayBuffer>;

  /** @param memory the other side's. */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#header = new Int32Array(memory, 0, headerBytes / 4);
    this.#bytes = new Uint8Array(memory, headerBytes);
  }

  /** @param capacity a power of two: the counters wrap at a multiple of it. @unit bytes */
  static ofSize(capacity: number): Ring {
    return new Ring(new SharedArrayBuffer(headerBytes + capacity));
  }

  /** Never waits. @returns whether there was room. */
  tryWrite(frame: Uint8Array): boolean {
    const at = Atomics.load(this.#header, written);
    const used = (at - Atomics.load(this.#header, read)) >>> 0;
    if (used + lengthBytes + frame.length > this.#bytes.length) return false;
    const length = new Uint8Array(Uint32Array.of(frame.length).buffer);
    this.#copyIn(at, length);
    this.#copyIn(at + lengthBytes, frame);
    Atomics.store(this.#header, written, at + lengthBytes + frame.length);
    return true;
  }

  /** Wakes the reader. */
  notify(): void {
    Atomics.add(this.#header, news, 1);
    Atomics.notify(this.#header, news);
  }

  /** The next frame, in memory of its own; null where there is none. */
  read(): Uint8Array | null {
    const at = Atomics.load(this.#header, read);
    if (at === Atomics.load(this.#header, written)) return null;
    const length = new Uint32Array(this.#copyOut(at, lengthBytes).buffer)[0] ?? 0;
    const frame = this.#copyOut(at + lengthBytes, length);
    Atomics.store(this.#header, read, at + lengthBytes + length);
    return frame;
  }

  /** Calls `each` with what comes, without ever blocking the thread. */
  async follow(each: (frame: Uint8Array) => void): Promise<never> {
    for (;;) {
      const seen = Atomics.load(this.#header, news);
      for (let frame = this.read(); frame !== null; frame = this.read()) each(frame);
      const waiting = Atomics.waitAsync(this.#header, news, seen);
      if (waiting.async) await waiting.value;
    }
  }

  #copyIn(at: number, bytes: Uint8Array): void {
    const from = (at >>> 0) % this.#bytes.length;
    const head = Math.min(bytes.length, this.#bytes.length - from);
    this.#bytes.set(head === bytes.length ? bytes : bytes.subarray(0, head), from);
    if (head < bytes.length) this.#bytes.set(bytes.subarray(head), 0);
  }

  #copyOut(at: number, length: number): Uint8Array<ArrayBuffer> {
    const from = (at >>> 0) % this.#bytes.length;
    const head = Math.min(length, this.#bytes.length - from);
    const bytes = new Uint8Array(length);
    bytes.set(this.#bytes.subarray(from, from + head));
    if (head < length) bytes.set(this.#bytes.subarray(0, length - head), head);
    return bytes;
  }
}
