import { EmbeddedPostgresError } from "@leasehold/db";
import type { Child } from "./child.ts";
import { type LaunchFlags, parseFlags } from "./flags.ts";
import { startAll } from "./launch.ts";
import { LaunchError } from "./launch-error.ts";
import { onRunnerGone } from "./runners.ts";

/** `pnpm start`: a whole cluster on this machine, until Ctrl-C. */
const parsed = parseFlags(process.argv.slice(2));
process.exit(parsed.tag === "exit" ? parsed.code : await run(parsed.flags));

/** @returns the exit code. */
async function run(flags: LaunchFlags): Promise<number> {
  const stopping = new AbortController();
  const children: Child[] = [];
  const undo = new AsyncDisposableStack();
  stopOnSignals(stopping, children);
  onRunnerGone(() => stopping.abort());
  let code = 0;
  try {
    say(await startAll({ flags, undo, children, signal: stopping.signal, say }));
    await aborted(stopping.signal);
  } catch (error) {
    if (!stopping.signal.aborted) {
      code = 1;
      say(`error: ${explain(error)}`);
    }
  }
  // What still waits for something to become ready gives up.
  stopping.abort();
  try {
    await undo.disposeAsync();
  } catch (error) {
    code = 1;
    say(`error while stopping: ${explain(error)}`);
  }
  return code;
}

/**
 * The first signal stops in order. A second one is impatience: what is left of the children is killed.
 * A third one ends the launcher itself; Postgres is then stopped by its guard.
 */
function stopOnSignals(stopping: AbortController, children: readonly Child[]): void {
  let signals = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      signals++;
      if (signals > 1) for (const child of children) child.kill();
      if (signals > 2) process.exit(1);
      stopping.abort();
    });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function explain(error: unknown): string {
  const isExpected = error instanceof LaunchError || error instanceof EmbeddedPostgresError;
  if (isExpected) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function say(line: string): void {
  // Whoever read the lines may have gone; the cluster goes on.
  process.stdout.write(`${line}\n`);
}
process.stdout.on("error", () => undefined);
