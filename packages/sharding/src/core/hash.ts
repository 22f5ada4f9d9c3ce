/** Goes up with any change to {@link shardOf}: nodes of two versions must not share a cluster. */
export const hashVersion = 1;

/**
 * Which shard an entity lives in: FNV-1a (64 bit) over the UTF-8 of namespace, type and id, each
 * preceded by its length in bytes, then mod the group's shards.
 *
 * Wire format: nodes of different versions must agree, and stored state stays where it is. Frozen by
 * the golden table in hash.test.ts. The lengths keep ("a","bc") and ("ab","c") apart.
 */
export function shardOf(namespace: string, type: string, id: string, shards: number): number {
  begin(namespace, type);
  mix(id);
  // (high * 2^32 + low) mod shards without leaving safe integers: shards <= 2^20.
  const highPart = (high % shards) * (0x1_0000_0000 % shards);
  return (highPart + (low % shards)) % shards;
}

/** The hash that {@link shardOf} takes the shard from, for people: 16 hex digits. */
export function hashOf(namespace: string, type: string, id: string): string {
  begin(namespace, type);
  mix(id);
  const hex = (half: number): string => half.toString(16).padStart(8, "0");
  return hex(high) + hex(low);
}

// The state of one computation, which runs for every request: two numbers that are not allocated.
let high = 0;
let low = 0;

// What every entity of one type begins with, as it was last: most requests of a while are for few types.
const start = { namespace: "", type: "", high: 0, low: 0, isKnown: false };

function begin(namespace: string, type: string): void {
  if (start.isKnown && start.namespace === namespace && start.type === type) {
    high = start.high;
    low = start.low;
    return;
  }
  high = 0xcbf29ce4;
  low = 0x84222325;
  mix(namespace);
  mix(type);
  Object.assign(start, { namespace, type, high, low, isKnown: true });
}

const primeLow = 0x1b3;
const primeHigh = 0x100;

function mix(text: string): void {
  const { length } = text;
  for (let at = 0; at < length; at += 1) {
    if (text.charCodeAt(at) > 0x7f) return mixBytes(utf8(text));
  }
  step(length & 0xff);
  step((length >>> 8) & 0xff);
  for (let at = 0; at < length; at += 1) step(text.charCodeAt(at));
}

function mixBytes(bytes: readonly number[]): void {
  step(bytes.length & 0xff);
  step((bytes.length >>> 8) & 0xff);
  for (const byte of bytes) step(byte);
}

/** hash = (hash xor byte) * 0x100000001b3 mod 2^64, in two unsigned 32-bit halves. */
function step(byte: number): void {
  const mixed = (low ^ byte) >>> 0;
  const product = mixed * primeLow;
  const carry = Math.floor(product / 0x1_0000_0000);
  high = (Math.imul(high, primeLow) + Math.imul(mixed, primeHigh) + carry) >>> 0;
  low = product >>> 0;
}

/** UTF-8 by hand: core has no TextEncoder. A lone surrogate becomes U+FFFD, as everywhere else. */
function utf8(text: string): number[] {
  const bytes: number[] = [];
  for (const character of text) {
    let point = character.codePointAt(0) as number;
    if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd;
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 63));
    else if (point < 0x10000)
      bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
    else
      bytes.push(
        0xf0 | (point >> 18),
        0x80 | ((point >> 12) & 63),
        0x80 | ((point >> 6) & 63),
        0x80 | (point & 63),
      );
  }
  return bytes;
}
