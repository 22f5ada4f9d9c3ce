import { setTimeout as pause } from "node:timers/promises";
import type { Child } from "./child.ts";
import { LaunchError } from "./launch-error.ts";

/** @unit milliseconds */
const startLimitMs = 120_000;

/**
 * Waits until `url` answers 2xx.
 *
 * @throws {LaunchError} when the child gives up, or does not answer in two minutes; with what it wrote.
 */
export async function becomeReady(child: Child, url: string, signal: AbortSignal): Promise<void> {
  const giveUpAtMs = performance.now() + startLimitMs;
  while (!(await answers(url))) {
    signal.throwIfAborted();
    // Ended by a signal it comes back. By itself it would end the same way again.
    const exit = child.lastExit;
    if (exit !== null && exit.code !== null) {
      throw await failure(child, `ended with exit code ${exit.code} while it started`);
    }
    if (performance.now() > giveUpAtMs) {
      throw await failure(child, `did not become ready in ${startLimitMs / 1000} s (${url})`);
    }
    await pause(50, undefined, { signal });
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000), redirect: "manual" });
    await response.arrayBuffer();
    return response.status < 400;
  } catch {
    // Not listening yet.
    return false;
  }
}

async function failure(child: Child, what: string): Promise<LaunchError> {
  const { name, logFile } = child.spec;
  const lines = (await child.output()).split("\n").filter((line) => !isRoutine.test(line));
  return new LaunchError(`${name} ${what} (${logFile}):\n${lines.slice(-15).join("\n")}`);
}

/** Lines of a node's log up to the level `info`. */
const isRoutine = /^\{"level":[123]0,/;
