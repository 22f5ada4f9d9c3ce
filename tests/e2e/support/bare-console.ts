import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const directory = join(import.meta.dirname, "../../../apps/console");

/** A console's server without a launcher, for what a cluster in order never shows. */
export interface BareConsole extends AsyncDisposable {
  readonly url: string;
}

/** @param env its settings; it listens on any free port. The production build must exist. */
export async function startConsole(env: NodeJS.ProcessEnv): Promise<BareConsole> {
  const child = spawn(process.execPath, ["server.ts"], {
    cwd: directory,
    env: { ...process.env, NODE_ENV: "production", LEASEHOLD_CONSOLE_PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const endWithUs = (): void => void child.kill("SIGKILL");
  process.once("exit", endWithUs);
  let said = "";
  const listening = new Promise<string>((resolve, reject) => {
    const read = (chunk: unknown): void => {
      said += String(chunk);
      const { 1: url } = /^ready (\S+)$/m.exec(said) ?? [];
      if (url !== undefined) resolve(url);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("exit", () => reject(new Error(`The console ended:\n${said}`)));
  });
  return {
    url: await listening,
    async [Symbol.asyncDispose]() {
      process.off("exit", endWithUs);
      if (child.exitCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}
