/**
 * Checks a frame's msgpack tokens without recursion and without building anything, before the decoder runs.
 *
 * The decoder recurses, and it knows extensions that build more than plain data (regular expressions,
 * records compiled into functions, shared references). Nobody here sends those, so a frame that has one,
 * or nests too deep, or lies about a length, is not ours.
 */
const fixedSizes = new Map([
  [0xc0, 1], // nil
  [0xc2, 1], // false
  [0xc3, 1], // true
  [0xca, 5], // float 32
  [0xcb, 9], // float 64
  [0xcc, 2], // unsigned 8, 16, 32, 64
  [0xcd, 3],
  [0xce, 5],
  [0xcf, 9],
  [0xd0, 2], // signed 8, 16, 32, 64
  [0xd1, 3],
  [0xd2, 5],
  [0xd3, 9],
]);

/** Bytes of a value whose first byte says it all; 0 where it does not, or where other values are inside. */
const sizes = Uint8Array.from({ length: 256 }, (_, token) => {
  if (token < 0x80 || token >= 0xe0) return 1;
  const isShortText = token >= 0xa0 && token < 0xc0;
  return isShortText ? 1 + (token & 0x1f) : (fixedSizes.get(token) ?? 0);
});

/** Bytes of the length that follows: binary and string 8, 16, 32. */
const lengthSizes = new Map([
  [0xc4, 1],
  [0xc5, 2],
  [0xc6, 4],
  [0xd9, 1],
  [0xda, 2],
  [0xdb, 4],
]);

/** The only extensions of plain data: undefined (one form) and dates (three). Where the type byte is, and which. */
const extensions = new Map([
  [0xd4, { typeAt: 1, type: 0x00, size: 3 }],
  [0xd6, { typeAt: 1, type: 0xff, size: 6 }],
  [0xd7, { typeAt: 1, type: 0xff, size: 10 }],
  [0xc7, { typeAt: 2, type: 0xff, size: 15 }],
]);

/** @returns what is wrong with the frame, or null. */
export const scanFrame = (frame: Uint8Array, maxDepth: number): string | null =>
  scan.run(frame, maxDepth);

class Scan {
  #frame: Uint8Array = new Uint8Array();
  #maxDepth = 0;
  #at = 0;
  /** Values still to come in the innermost list or map; further out, those of `outer`. */
  #toCome = 1;
  readonly #outer: number[] = [];

  run(frame: Uint8Array, maxDepth: number): string | null {
    this.#frame = frame;
    this.#maxDepth = maxDepth;
    this.#at = 0;
    this.#toCome = 1;
    this.#outer.length = 0;
    const first = this.#frame[0] ?? 0;
    if (!isContainer(first) || isMap(first)) return "not a list of messages";
    for (;;) {
      this.#skipSmall();
      const fault = this.#toCome > 0 ? this.#takeNext() : null;
      if (fault !== null) return fault;
      if (this.#toCome > 0) continue;
      const outer = this.#outer.pop();
      if (outer === undefined) break;
      this.#toCome = outer;
    }
    return this.#at === this.#frame.length ? null : "followed by other bytes";
  }

  /** Most values are small: past them in one go. May end behind the frame, where there is no token any more. */
  #skipSmall(): void {
    const frame = this.#frame;
    let at = this.#at;
    let toCome = this.#toCome;
    for (; toCome > 0; toCome--) {
      const size = sizes[frame[at] as number] as number;
      if (!(size > 0)) break;
      at += size;
    }
    this.#at = at;
    this.#toCome = toCome;
  }

  /** A list or map is entered, anything else passed. */
  #takeNext(): string | null {
    const token = this.#frame[this.#at] ?? neverUsed;
    this.#toCome--;
    if (!isContainer(token)) {
      this.#at += sizeOf(this.#frame, this.#at, token);
      return this.#at <= this.#frame.length ? null : notPlain;
    }
    this.#at += headerSize(token);
    const children = childrenOf(this.#frame, this.#at, token);
    // Every value has at least a byte: a list cannot be longer than the frame that announces it.
    if (!(this.#at + children <= this.#frame.length)) return notPlain;
    if (this.#outer.length === this.#maxDepth) return `nested deeper than ${this.#maxDepth}`;
    this.#outer.push(this.#toCome);
    this.#toCome = children;
    return null;
  }
}

/** One scan at a time: it never yields, so every frame can use the same one. */
const scan = new Scan();
const neverUsed = 0xc1;
const notPlain = "truncated, or with a type that is not plain data";

const isContainer = (token: number): boolean =>
  (token >= 0x80 && token < 0xa0) || (token >= 0xdc && token <= 0xdf);

const isMap = (token: number): boolean => token < 0x90 || token >= 0xde;

const headerSize = (token: number): number => (token < 0xa0 ? 1 : token & 1 ? 5 : 3);

/** A map has a key and a value for each entry. `at`: behind the header. */
function childrenOf(frame: Uint8Array, at: number, token: number): number {
  const count = token < 0xa0 ? token & 0x0f : readNumber(frame, at, token & 1 ? 4 : 2);
  return isMap(token) ? count * 2 : count;
}

/** NaN where the token is not one of plain data: every comparison with it fails. */
function sizeOf(frame: Uint8Array, at: number, token: number): number {
  const lengthSize = lengthSizes.get(token);
  if (lengthSize !== undefined) {
    return 1 + lengthSize + readNumber(frame, at + 1 + lengthSize, lengthSize);
  }
  const extension = extensions.get(token);
  if (extension === undefined || frame[at + extension.typeAt] !== extension.type) return Number.NaN;
  return extension.size;
}

/** The number in the `bytes` bytes that end at `end`. */
function readNumber(frame: Uint8Array, end: number, bytes: number): number {
  let value = 0;
  for (let index = end - bytes; index < end; index++) {
    value = value * 256 + (frame[index] ?? Number.NaN);
  }
  return value;
}
