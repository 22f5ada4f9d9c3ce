import { CommandInvalidError } from "../../errors.ts";

/** @throws {CommandInvalidError} unless it has 1 to 255 printable ASCII characters: it travels in a header. */
export function checkIdempotencyKey(key: string): void {
  if (/^[\x20-\x7e]{1,255}$/.test(key)) return;
  const message = `An idempotency key has 1 to 255 printable ASCII characters; this one has ${key.length}.`;
  throw new CommandInvalidError(message, []);
}
