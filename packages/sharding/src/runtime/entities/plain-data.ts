import { isDeepStrictEqual } from "node:util";

/**
 * Plain data: what inputs, answers and states are made of, and what every codec of the mesh carries.
 *
 * null, undefined, booleans, numbers, strings, bigints of 64 bits, dates, byte arrays, and arrays and
 * plain objects of these, at most 100 levels deep. Not maps, sets and class instances: they would
 * arrive as something else, and an entity must not behave differently on another node.
 */
const maxDepth = 100;

/** The value, or something inside it, is not plain data. The message names the place. */
export class NotPlainError extends Error {
  override readonly name = "NotPlainError";
}

/**
 * A deep copy. Several times faster than `structuredClone`, which matters because each command has one.
 *
 * @param what names the value in the error, for instance `answer`.
 * @throws {NotPlainError}
 */
export function copyPlain<T>(value: T, what: string): T {
  if (typeof value !== "object" || value === null) {
    checkPlain(value, what);
    return value;
  }
  const copied = copy(value, 0);
  if (copied === notPlain) refuse(value, what);
  return copied as T;
}

/** @throws {NotPlainError} naming the first place that is not plain data. */
export function checkPlain(value: unknown, what: string): void {
  if (findFault(value, 0) !== null) refuse(value, what);
}

/**
 * At least how many bytes a value takes packed, counted only until that is above `limit`: so a huge value costs no
 * more to refuse than one of the limit's size. The value need not be plain data.
 */
export const weighPlain = (value: unknown, limit: number): number => weigh(value, limit, 0);

function weigh(value: unknown, limit: number, depth: number): number {
  if (typeof value === "string") return value.length + 1;
  if (typeof value === "number") return Number.isInteger(value) ? 1 : 9;
  if (typeof value !== "object" || value === null || depth > maxDepth) return 1;
  if (value instanceof Uint8Array) return value.length + 2;
  let bytes = 1;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && bytes <= limit; index += 1) {
      bytes += weigh(value[index], limit - bytes, depth + 1);
    }
    return bytes;
  }
  for (const key in value) {
    if (bytes > limit) break;
    const item = (value as Record<string, unknown>)[key];
    bytes += key.length + 1 + weigh(item, limit - bytes, depth + 1);
  }
  return bytes;
}

/** Whether two values are the same plain data. */
export const samePlain = (a: unknown, b: unknown): boolean => isDeepStrictEqual(a, b);

function refuse(value: unknown, what: string): never {
  const fault = findFault(value, 0) ?? { path: [], what: "changed while it was copied" };
  throw new NotPlainError(
    `${[what, ...fault.path].join(".")} ${fault.what}: only plain data can be kept and sent.`,
  );
}

// A marker instead of an exception: the caller then walks again, slowly, to find the path.
const notPlain: unique symbol = Symbol("not plain");

function copy(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
    case "undefined":
      return value;
    case "object":
      return value === null ? null : copyObject(value, depth + 1);
    default:
      return findFault(value, depth) === null ? value : notPlain;
  }
}

function copyObject(value: object, depth: number): unknown {
  if (depth > maxDepth) return notPlain;
  if (Array.isArray(value)) return copyList(value, depth);
  if (!isRecord(value)) return copyLeaf(value);
  const copied: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const item = copy(value[key], depth);
    if (item === notPlain || key === "__proto__") return notPlain;
    copied[key] = item;
  }
  return copied;
}

function copyList(list: readonly unknown[], depth: number): unknown {
  const copied: unknown[] = [];
  for (let index = 0; index < list.length; index += 1) {
    const item = copy(list[index], depth);
    if (item === notPlain) return notPlain;
    copied.push(item);
  }
  return copied;
}

function copyLeaf(value: object): unknown {
  if (findLeafFault(value) !== null) return notPlain;
  if (value instanceof Date) return new Date(value);
  return Buffer.isBuffer(value) ? Buffer.from(value) : new Uint8Array(value as Uint8Array);
}

interface Fault {
  readonly path: readonly (string | number)[];
  readonly what: string;
}

const fault = (what: string): Fault => ({ path: [], what });

function findFault(value: unknown, depth: number): Fault | null {
  switch (typeof value) {
    case "function":
      return fault("is a function");
    case "symbol":
      return fault("is a symbol");
    case "bigint":
      return value >= -(2n ** 63n) && value < 2n ** 64n ? null : fault("has more than 64 bits");
    case "object":
      return value === null ? null : findObjectFault(value, depth + 1);
    default:
      return null;
  }
}

function findObjectFault(value: object, depth: number): Fault | null {
  if (depth > maxDepth) return fault(`nests deeper than ${maxDepth} levels, or contains itself`);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const found = findFault(value[index], depth);
      if (found !== null) return { path: [index, ...found.path], what: found.what };
    }
    return null;
  }
  if (!isRecord(value)) return findLeafFault(value);
  for (const key of Object.keys(value)) {
    if (key === "__proto__") return fault("has a key __proto__");
    const found = findFault(value[key], depth);
    if (found !== null) return { path: [key, ...found.path], what: found.what };
  }
  return null;
}

function findLeafFault(value: object): Fault | null {
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? fault("is an invalid date") : null;
  }
  if (value instanceof Uint8Array) return null;
  if (value instanceof Promise) return fault("is a promise (is an await missing?)");
  if (value instanceof Map) return fault("is a Map (use an object, or a list of pairs)");
  if (value instanceof Set) return fault("is a Set (use a list)");
  return fault(`is an instance of ${value.constructor?.name ?? "a class"}`);
}

function isRecord(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
