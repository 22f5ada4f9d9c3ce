import { cpus } from "node:os";
import { setTimeout as after } from "node:timers/promises";

const sampleMs = 100;
const waitsAtMostMs = 1_000;
/** A node and a server that have nothing to do take less. @unit cores */
const quietBelow = 0.4;

/**
 * Waits until nearly nothing runs on this machine, but not for long: others on it may never rest.
 *
 * @returns whether it was quiet in the end.
 */
export async function quietCores(): Promise<boolean> {
  const giveUpMs = performance.now() + waitsAtMostMs;
  while (performance.now() < giveUpMs) {
    const before = spent();
    // It is a span that is looked at.
    await after(sampleMs);
    const now = spent();
    if ((now.busyMs - before.busyMs) / (now.atMs - before.atMs) < quietBelow) return true;
  }
  return false;
}

/** By all cores together, since they started. */
function spent(): { readonly busyMs: number; readonly atMs: number } {
  const busyMs = cpus()
    .map(({ times: { user, nice, sys, irq } }) => user + nice + sys + irq)
    .reduce((a, b) => a + b, 0);
  return { busyMs, atMs: performance.now() };
}
