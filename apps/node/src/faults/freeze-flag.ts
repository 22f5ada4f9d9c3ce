import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * The flag by which another process ends a freeze.
 *
 * A blocked event loop reads no socket and no message, but a blocked thread can still look at a file.
 * So node and helper share an open file without a name: one byte per freeze, written by the helper
 * when that freeze ends. The name is removed at once, so whatever dies first leaves nothing behind.
 */
const lookEveryMs = 20;

/** @returns a file descriptor to be inherited by the helper. */
export function openFreezeFlag(): number {
  const directory = mkdtempSync(join(tmpdir(), "leasehold-freeze-"));
  try {
    return openSync(join(directory, "flag"), "wx+", 0o600);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export const closeFreezeFlag = (fd: number): void => closeSync(fd);

export function endFreeze(fd: number, slot: number): void {
  writeSync(fd, Uint8Array.of(1), 0, 1, slot);
}

function hasEnded(fd: number, slot: number): boolean {
  const byte = new Uint8Array(1);
  return readSync(fd, byte, 0, 1, slot) === 1 && byte[0] === 1;
}

/**
 * Blocks this thread until the flag says that the freeze has ended, or `ttlMs` is over: a helper that
 * was killed must not leave a node frozen for ever.
 */
export function freezeThread(fd: number, slot: number, ttlMs: number): void {
  const never = new Int32Array(new SharedArrayBuffer(4));
  const endsAtMs = performance.now() + ttlMs;
  for (
    let leftMs = ttlMs;
    leftMs > 0 && !hasEnded(fd, slot);
    leftMs = endsAtMs - performance.now()
  ) {
    Atomics.wait(never, 0, 0, Math.min(lookEveryMs, leftMs));
  }
}
