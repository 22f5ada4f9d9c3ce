import { createHash } from "node:crypto";
import type { LockName } from "../../ports/lease-session.ts";

/** Both halves of a two-integer advisory lock key. */
export type LockKey = readonly [number, number];

/**
 * The advisory lock of a lease: the first eight bytes of SHA-256 over `leasehold`, the cluster's
 * schema and the lock's name, each ended by a zero byte, as two signed big-endian integers.
 *
 * Wire format between versions: nodes that derive different keys do not exclude each other. Both
 * halves come from the whole text, so two clusters of one database share a key once in 2^64.
 */
export function lockKeyOf(schema: string, name: LockName): LockKey {
  const digest = createHash("sha256").update(`leasehold\0${schema}\0${name}\0`).digest();
  return [digest.readInt32BE(0), digest.readInt32BE(4)];
}
