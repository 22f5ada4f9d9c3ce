import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { compileCache } from "@leasehold/node/workspace";

const program = fileURLToPath(import.meta.resolve("@leasehold/node/main"));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From the spawn to the exit. @unit milliseconds */
  readonly tookMs: number;
}

/** Of this machine only: what the developer has set for a node must not decide a test. */
const bareEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(LEASEHOLD_|LEASE_DATABASE_URL$|DATABASE_URL$|PG)/.test(name),
    ),
  );

/**
 * The command `leasehold` as a process that should end by itself.
 *
 * @param env all that is set; a node takes any free port unless it names one.
 * @throws when it still runs after `timeoutMs`; it is killed then.
 */
export async function runCli(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  timeoutMs = 30_000,
): Promise<Ended> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...bareEnvironment(), LEASEHOLD_PORT: "0", NODE_COMPILE_CACHE: compileCache, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  const [stdout, stderr, code] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    exitCodeOf(child),
  ]);
  clearTimeout(timer);
  const tookMs = performance.now() - startedMs;
  if (tookMs >= timeoutMs) {
    throw new Error(`It did not end within ${timeoutMs} ms. It wrote:\n${stdout}${stderr}`);
  }
  return { code, stdout, stderr, tookMs };
}

async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}
