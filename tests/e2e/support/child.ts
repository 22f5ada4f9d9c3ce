import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const directory = join(import.meta.dirname, "../../../apps/console");

/** A program of the console's that says when it is ready. */
export interface Child extends AsyncDisposable {
  /** What its line had behind `ready`. */
  readonly said: string;
}

/** Starts it in the console's directory. It ends with the scope, at the latest with this process. */
export async function startChild(
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Child> {
  const child = spawn(process.execPath, args, {
    cwd: directory,
    env: { ...process.env, NODE_ENV: "production", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const endWithUs = (): void => void child.kill("SIGKILL");
  process.once("exit", endWithUs);
  let output = "";
  const ready = new Promise<string>((resolve, reject) => {
    const read = (chunk: unknown): void => {
      output = (output + String(chunk)).slice(-outputLimit);
      const { 1: said } = /^ready (\S+)$/m.exec(output) ?? [];
      if (said !== undefined) resolve(said);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("exit", () => reject(new Error(`The ${name} ended:\n${output}`)));
  });
  return {
    said: await ready,
    async [Symbol.asyncDispose]() {
      process.off("exit", endWithUs);
      if (child.exitCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** The end of it is enough. @unit characters */
const outputLimit = 100_000;
