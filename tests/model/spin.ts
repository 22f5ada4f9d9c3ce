import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const model = fileURLToPath(new URL("./leasehold.pml", import.meta.url));

export interface Checked {
  /** The assertion that does not hold, as Spin prints it; null when every reachable state is fine. */
  readonly violated: string | null;
  readonly states: number;
  /** Of the search alone. @unit seconds */
  readonly seconds: number;
}

/** @returns the programs that the check needs and this machine has not got. */
export async function missingPrograms(): Promise<readonly string[]> {
  const needed = [
    ["spin", "-V"],
    ["cc", "--version"],
  ] as const;
  const found = await Promise.all(
    needed.map(([program, flag]) =>
      run(program, [flag]).then(
        () => [],
        () => [program],
      ),
    ),
  );
  return found.flat();
}

/**
 * Searches every state of the model that these definitions make.
 *
 * @throws when the model does not compile, or the search ended before it had seen every state.
 */
export async function check(
  definitions: Readonly<Record<string, number>>,
  optimize: "-O0" | "-O2",
): Promise<Checked> {
  const cwd = await mkdtemp(join(tmpdir(), "leasehold-model-"));
  try {
    const given = Object.entries(definitions).map(([name, value]) => `-D${name}=${value}`);
    await run("spin", [...given, "-a", model], { cwd });
    const flags = ["-DSAFETY", "-DNOREDUCE", "-DMEMLIM=2000"];
    await run("cc", [optimize, "-w", ...flags, "-o", "search", "pan.c"], { cwd });
    const { stdout } = await run("./search", ["-m100000"], { cwd });
    return read(stdout);
  } finally {
    await rm(cwd, { recursive: true });
  }
}

function read(report: string): Checked {
  const violated = /assertion violated (.*) \(at depth/.exec(report)?.[1] ?? null;
  const errors = /errors: (\d+)/.exec(report)?.[1];
  const states = Number(/(\d+) states, stored/.exec(report)?.[1]);
  const seconds = Number(/elapsed time ([\d.]+)/.exec(report)?.[1]);
  const isWhole = !report.includes("Search not completed") && !report.includes("max search depth");
  const isExplained = violated === null ? errors === "0" && isWhole : errors === "1";
  if (!isExplained || !(states > 0)) throw new Error(`Spin did not finish:\n${report}`);
  return { violated, states, seconds };
}
