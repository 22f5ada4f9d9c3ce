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
  let hash: Fnv = { high: 0xcbf29ce4, low: 0x84222325 };
  hash = mix(mix(mix(hash, namespace), type), id);
  // (high * 2^32 + low) mod shards without leaving safe integers: shards <= 2^20.
  const highPart = (hash.high % shards) * (0x1_0000_0000 % shards);
  return (highPart + (hash.low % shards)) % shards;
}

interface Fnv {
  high: number;
  low: number;
}

const primeLow = 0x1b3;
const primeHigh = 0x100;

function mix(hash: Fnv, text: string): Fnv {
  const bytes = utf8(text);
  const length = bytes.length;
  let h = step(hash, length & 0xff);
  h = step(h, (length >>> 8) & 0xff);
  for (const byte of bytes) h = step(h, byte);
  return h;
}

/** hash = (hash xor byte) * 0x100000001b3 mod 2^64, in two unsigned 32-bit halves. */
function step(hash: Fnv, byte: number): Fnv {
  const low = (hash.low ^ byte) >>> 0;
  const product = low * primeLow;
  const carry = Math.floor(product / 0x1_0000_0000);
  const high = (Math.imul(hash.high, primeLow) + Math.imul(low, primeHigh) + carry) >>> 0;
  return { high, low: product >>> 0 };
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
