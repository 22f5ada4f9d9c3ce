import { NotPlainError } from "./plain-data.ts";

/**
 * What a durable entity may store: null, booleans, finite numbers, text, and arrays and plain objects of
 * these. Text is whole Unicode without U+0000, because Postgres stores no other.
 *
 * The value is plain data already (plain-data.ts).
 *
 * @param what names the value in the error, for instance `event deposited`.
 * @returns about how long its JSON is. @unit characters
 * @throws {NotPlainError} naming the first place that would be lost or refused.
 */
export function checkStorable(value: unknown, what: string): number {
  const fault = faultOf(value);
  if (fault !== null) throw new NotPlainError(`${what} ${fault}: only JSON can be stored.`);
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return scalarSize;
  let size = 2;
  for (const [key, item] of Object.entries(value)) {
    const keyFault = textFault(key);
    if (keyFault !== null) throw new NotPlainError(`${what} has a key that ${keyFault}.`);
    if (item === undefined && !Array.isArray(value)) continue;
    size += checkStorable(item, `${what}.${key}`) + (Array.isArray(value) ? 1 : key.length + 4);
  }
  return size;
}

/** Of a number, a boolean or null. Most numbers are short. */
const scalarSize = 5;

/**
 * Text in an input that could not be stored: the sender's mistake, told before the handler runs.
 *
 * @returns where and what, for instance `input.name contains the character U+0000`; null where all is well.
 */
export function findUnstorableText(value: unknown, path = "input"): string | null {
  if (typeof value === "string") {
    const fault = textFault(value);
    return fault === null ? null : `${path} ${fault}`;
  }
  if (typeof value !== "object" || value === null) return null;
  for (const [key, item] of Object.entries(value)) {
    const found = findUnstorableText(key, `a key of ${path}`);
    const inside = found ?? findUnstorableText(item, `${path}.${key}`);
    if (inside !== null) return inside;
  }
  return null;
}

function faultOf(value: unknown): string | null {
  switch (typeof value) {
    case "string":
      return textFault(value);
    case "number":
      return Number.isFinite(value) ? null : `is ${value}`;
    case "bigint":
      return "is a bigint (store it as text)";
    case "undefined":
      return "is undefined";
    case "object":
      if (value instanceof Date) return "is a date (store it as text)";
      return value instanceof Uint8Array ? "is a byte array (store it as text)" : null;
    default:
      return null;
  }
}

function textFault(text: string): string | null {
  if (text.includes("\0")) return "contains the character U+0000";
  return text.isWellFormed() ? null : "contains half of a surrogate pair";
}
