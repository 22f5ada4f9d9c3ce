import { EmbeddedPostgresError } from "@leasehold/db";
import { nothingBeside, type StartBeside } from "./beside.ts";
import type { Child } from "./child.ts";
import { type LaunchFlags, parseFlags } from "./flags.ts";
import { startAll } from "./launch.ts";
import { LaunchError } from "./launch-error.ts";
import { onRunnerGone } from "./runners.ts";

export type { Beside, LaunchedCluster, StartBeside } from "./beside.ts";
export { LaunchError } from "./launch-error.ts";

/**
 * A whole cluster on this machine, until Ctrl-C.
 *
 * @param argv the flags of `pnpm start`.
 * @param startBeside an application's own part, for instance its web server: started when the cluster is ready,
 * stopped before the cluster is.
 * @returns the exit code.
 */
export async function runLauncher(
  argv: readonly string[],
  startBeside: StartBeside = nothingBeside,
): Promise<number> {
  const parsed = parseFlags(argv);
  return parsed.tag === "exit" ? parsed.code : await run(parsed.flags, startBeside);
}

async function run(flags: LaunchFlags, startBeside: StartBeside): Promise<number> {
  const stopping = new AbortController();
  const children: Child[] = [];
  const undo = new AsyncDisposableStack();
  stopOnSignals(stopping, children);
  onRunnerGone(() => stopping.abort());
  let code = 0;
  try {
    say(await startAll({ flags, startBeside, undo, children, signal: stopping.signal, say }));
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
