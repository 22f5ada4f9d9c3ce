import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { LaunchFlags } from "./flags.ts";
import { LaunchError } from "./launch-error.ts";

export const host = "127.0.0.1";

export const nodePortOf = (flags: LaunchFlags, index: number): number => flags.nodePort + index;

/**
 * Finds taken ports before anything starts.
 *
 * @param patienceMs how long to wait for them, where an earlier cluster is still ending.
 * @throws {LaunchError} naming the port and the flag that moves it.
 */
export async function requirePortsFree(flags: LaunchFlags, patienceMs: number): Promise<void> {
  const giveUpAtMs = performance.now() + patienceMs;
  for (;;) {
    const taken = await findTaken(flags);
    if (taken === null) return;
    if (performance.now() > giveUpAtMs) throw new LaunchError(taken);
    await pause(100);
  }
}

async function findTaken(flags: LaunchFlags): Promise<string | null> {
  for (let index = 1; index <= flags.nodes; index++) {
    const port = nodePortOf(flags, index);
    if (await isFree(port)) continue;
    return `Port ${port} of node-${index} is taken: choose another --node-port (${flags.nodePort} + ${index}).`;
  }
  if (!flags.console || (await isFree(flags.consolePort))) return null;
  return `Port ${flags.consolePort} of the console is taken: choose another --console-port.`;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, "listening");
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
    throw new LaunchError(`Port ${port} cannot be used: ${String(error)}`, { cause: error });
  } finally {
    server.close();
  }
}
