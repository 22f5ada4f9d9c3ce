/**
 * Checks a frame's msgpack tokens without recursion and without building anything, before the decoder runs.
 *
 * The decoder recurses, and it knows extensions that build more than plain data (regular expressions,
 * records compiled into functions, shared references). Nobody here sends those, so a frame that has one,
 * or nests too deep, or lies about a length, is not ours.
 */
const fixedSizes: Readonly<Record<number, number>> = {
  192: 1, // nil
  194: 1, // false
  195: 1, // true
  202: 5, // float 32
  203: 9, // float 64
  204: 2, // unsigned 8, 16, 32, 64
  205: 3,
  206: 5,
  207: 9,
  208: 2, // signed 8, 16, 32, 64
  209: 3,
  210: 5,
  211: 9,
  220: 3, // array 16, 32 and map 16, 32: the header only
  221: 5,
  222: 3,
  223: 5,
};

/** Per first byte: the bytes of the token, its children not counted; 0 where more has to be read. */
const sizes = Uint8Array.from({ length: 256 }, (_, token) => {
  if (token < 0xa0 || token >= 0xe0) return 1;
  return token < 0xc0 ? 1 + (token & 0x1f) : (fixedSizes[token] ?? 0);
});

/** Bytes of the length that follows: binary and string 8, 16, 32. */
const lengthSizes: Readonly<Record<number, number>> = {
  196: 1,
  197: 2,
  198: 4,
  217: 1,
  218: 2,
  219: 4,
};

/** The only extensions of plain data: undefined (one form) and dates (three). Where the type byte is, and which. */
const extensions: Readonly<Record<number, { typeAt: number; type: number; size: number }>> = {
  212: { typeAt: 1, type: 0x00, size: 3 },
  214: { typeAt: 1, type: 0xff, size: 6 },
  215: { typeAt: 1, type: 0xff, size: 10 },
  199: { typeAt: 2, type: 0xff, size: 15 },
};

/** How many values are still to come at each depth. One scan at a time: it never yields. */
let left = new Float64Array(129);

/** @returns what is wrong with the frame, or null. */
export function scanFrame(frame: Uint8Array, maxDepth: number): string | null {
  if (!isList(frame[0])) return "not a list of messages";
  if (left.length <= maxDepth) left = new Float64Array(maxDepth + 1);
  let at = 0;
  let depth = 0;
  left[0] = 1;
  while (depth >= 0) {
    const remaining = left[depth] as number;
    if (remaining === 0) {
      depth--;
      continue;
    }
    left[depth] = remaining - 1;
    const token = frame[at] ?? 0xc1;
    const children = childrenOf(frame, at, token);
    at += sizes[token] || sizeOf(frame, at, token);
    if (!(at + children <= frame.length)) return "truncated, or with a type that is not plain data";
    if (children === 0) continue;
    if (depth === maxDepth) return `nested deeper than ${maxDepth}`;
    left[++depth] = children;
  }
  return at === frame.length ? null : "followed by other bytes";
}

const isList = (token: number | undefined): boolean =>
  token !== undefined && ((token >= 0x90 && token < 0xa0) || token === 0xdc || token === 0xdd);

function childrenOf(frame: Uint8Array, at: number, token: number): number {
  if (token < 0x80 || token >= 0xe0) return 0;
  if (token < 0x90) return (token & 0x0f) * 2;
  if (token < 0xa0) return token & 0x0f;
  if (token < 0xdc) return 0;
  const count = readNumber(frame, at + 1, token & 1 ? 4 : 2);
  return token < 0xde ? count : count * 2;
}

/** NaN where the token is not one of plain data: every comparison with it fails. */
function sizeOf(frame: Uint8Array, at: number, token: number): number {
  const lengthSize = lengthSizes[token];
  if (lengthSize !== undefined) return 1 + lengthSize + readNumber(frame, at + 1, lengthSize);
  const extension = extensions[token];
  if (extension === undefined || frame[at + extension.typeAt] !== extension.type) return Number.NaN;
  return extension.size;
}

function readNumber(frame: Uint8Array, at: number, bytes: number): number {
  let value = 0;
  for (let index = at; index < at + bytes; index++)
    value = value * 256 + (frame[index] ?? Number.NaN);
  return value;
}
