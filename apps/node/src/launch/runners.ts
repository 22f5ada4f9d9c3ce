import { type ProcStat, readProcStat } from "../proc-stat.ts";

/**
 * The package runners that stand between a person and the launcher: `npx`, `pnpm`, and their shells.
 *
 * They hand Ctrl-C on, but not every signal: npx dies of SIGTERM without a word to pnpm, and nobody can
 * hand on SIGKILL. Whoever ends the command that he started means the cluster, so the launcher watches
 * them and stops when one of them is gone.
 */
export interface Runner {
  readonly pid: number;
  readonly startTime: string;
}

const runnerName = /^(npm|npx|pnpm)/;
const shellName = /^(sh|dash|bash|zsh|ash|busybox)$/;

/** From `pid` upwards, up to the outermost runner; shells beyond it are somebody's terminal. */
export function runnersAbove(
  pid: number,
  read: (pid: number) => ProcStat | null = readProcStat,
): readonly Runner[] {
  const above: (Runner & { readonly name: string })[] = [];
  for (let next = read(pid)?.parentPid ?? 0; next > 1; ) {
    const stat = read(next);
    if (stat === null || !(runnerName.test(stat.name) || shellName.test(stat.name))) break;
    above.push({ pid: next, startTime: stat.startTime, name: stat.name });
    next = stat.parentPid;
  }
  const outermost = above.findLastIndex((one) => runnerName.test(one.name));
  return above
    .slice(0, outermost + 1)
    .map(({ pid: number, startTime }) => ({ pid: number, startTime }));
}

const lookEveryMs = 250;

/** Calls `fn` once, when a runner above this process is gone. Without `/proc` there is none to watch. */
export function onRunnerGone(fn: () => void): void {
  const runners = runnersAbove(process.pid);
  if (runners.length === 0) return;
  const timer = setInterval(() => {
    if (runners.every(isThere)) return;
    clearInterval(timer);
    fn();
  }, lookEveryMs).unref();
}

function isThere({ pid, startTime }: Runner): boolean {
  const stat = readProcStat(pid);
  return stat !== null && stat.startTime === startTime && stat.state !== "Z";
}
