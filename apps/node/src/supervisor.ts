import type { ChildProcess } from "node:child_process";
import { type EventEmitter, once } from "node:events";
import { constants } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import type { FromNode } from "./ipc.ts";
import type { NodeExit } from "./launch/exit-proof.ts";

/** The part of a child process that is used: besides, it emits `message`, `exit` and `error`. */
export type SupervisedChild = EventEmitter & Pick<ChildProcess, "pid" | "kill">;

export interface SupervisorOptions {
  readonly nodeId: string;
  readonly spawn: () => SupervisedChild;
  /** Proves the death. @returns the life that is proven dead; null where it had no lease. */
  readonly record: (exit: NodeExit) => Promise<string | null>;
  readonly signals: { on(event: NodeJS.Signals, fn: () => void): unknown };
  /** 0 = never. @unit milliseconds */
  readonly respawnMs: number;
  readonly say: (line: string) => void;
  /** How long a proof is tried, while Postgres does not answer. @unit milliseconds @default 10000 */
  readonly recordForMs?: number;
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const recordEveryMs = 500;
/** Wrong usage and a too-new schema: the same start fails the same way. */
const hopeless: readonly number[] = [2, 57];

/**
 * Waits for a node's process as its parent, the only one who surely knows that it has exited, and proves
 * that to the cluster: its shards get new homes without waiting for the lease to run out.
 *
 * @returns the exit code: the node's own, or 128 + the signal that ended it.
 */
export async function supervise(options: SupervisorOptions): Promise<number> {
  const { nodeId, say, respawnMs } = options;
  const asked = new AbortController();
  let child: SupervisedChild | null = null;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    options.signals.on(signal, () => {
      asked.abort();
      child?.kill(signal);
    });
  }
  for (;;) {
    child = options.spawn();
    const { pid } = child;
    const { exit, incarnation } = await untilExit(child);
    child = null;
    const exitCode = exitCodeOf(exit);
    if (exitCode !== 0) {
      say(`${nodeId} (pid ${pid}) ended ${how(exit)}`);
      if (pid !== undefined) await prove({ nodeId, pid, incarnation }, options);
    }
    const comesBack = respawnMs > 0 && exitCode !== 0 && !hopeless.includes(exitCode);
    if (!comesBack || asked.signal.aborted) return exitCode;
    say(`${nodeId} starts again in ${respawnMs} ms`);
    const isAsked = await pause(respawnMs, false, { signal: asked.signal }).catch(() => true);
    if (isAsked) return exitCode;
  }
}

const exitCodeOf = ({ code, signal }: Exit): number =>
  code ?? 128 + (signal === null ? 0 : constants.signals[signal]);

async function untilExit(
  child: SupervisedChild,
): Promise<{ readonly exit: Exit; readonly incarnation: string | null }> {
  let incarnation: string | null = null;
  child.on("message", (message) => {
    const said = message as FromNode | null;
    if (said?.type === "joined") incarnation = said.incarnation;
  });
  // Rejects where the process could not be started.
  const [code, signal] = (await once(child, "exit")) as [Exit["code"], Exit["signal"]];
  return { exit: { code, signal }, incarnation };
}

async function prove(exit: NodeExit, options: SupervisorOptions): Promise<void> {
  const { record, say, recordForMs = 10_000 } = options;
  const givesUpAtMs = performance.now() + recordForMs;
  for (;;) {
    try {
      const dead = await record(exit);
      if (dead !== null) say(`the cluster knows that ${exit.nodeId} (${dead}) has exited`);
      return;
    } catch (error) {
      if (performance.now() + recordEveryMs > givesUpAtMs) {
        const why = error instanceof Error ? error.message : String(error);
        say(`the exit could not be proven (${why}); the lease has to run out`);
        return;
      }
      await pause(recordEveryMs);
    }
  }
}

const how = ({ code, signal }: Exit): string =>
  signal === null ? `with exit code ${code}` : `by ${signal}`;
