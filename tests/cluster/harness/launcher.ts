import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { type Found, findProcesses } from "./processes.ts";
import { waitUntil } from "./wait-until.ts";

const startProgram = fileURLToPath(import.meta.resolve("@leasehold/node/launch"));

export interface Ready {
  readonly console: string;
  readonly nodes: readonly string[];
  readonly database: string;
}

/** `pnpm start`, or a program that starts a cluster like it, as a process with everything that it starts. */
export class Launcher {
  readonly child: ChildProcess;
  readonly #mark: string;
  readonly #dataDir: string;
  #output = "";

  constructor(
    dataDir: string,
    flags: readonly string[],
    env: NodeJS.ProcessEnv = {},
    program = startProgram,
  ) {
    this.#dataDir = dataDir;
    this.#mark = `LEASEHOLD_TEST_MARK=${randomUUID()}`;
    const [name = "", value = ""] = this.#mark.split("=");
    this.child = spawn(process.execPath, [program, "--data-dir", dataDir, ...flags], {
      env: { ...process.env, DATABASE_URL: "", ...env, [name]: value },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on("data", (chunk) => {
        this.#output += String(chunk);
      });
    }
  }

  /** Everything it wrote. */
  get output(): string {
    return this.#output;
  }

  /** Waits for the ready line. */
  async ready(timeoutMs = 60_000): Promise<Ready> {
    const line = await waitUntil(
      "the launcher is ready",
      () => {
        if (this.child.exitCode !== null) throw new Error(this.#output);
        return /^ready console=(\S+) nodes=(\S+) database=(\S+)$/m.exec(this.#output);
      },
      { timeoutMs },
    );
    const [, console = "", nodes = "", database = ""] = line;
    return { console, nodes: nodes.split(","), database };
  }

  async exit(): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
    if (this.child.exitCode === null && this.child.signalCode === null)
      await once(this.child, "exit");
    return { code: this.child.exitCode, signal: this.child.signalCode };
  }

  /** Its own process included. Postgres clears its environment, but names its directory. */
  processes(): readonly Found[] {
    return findProcesses([this.#mark, this.#dataDir]);
  }

  async waitUntilNothingIsLeft(timeoutMs = 20_000): Promise<void> {
    await waitUntil(
      "no process is left",
      () => {
        const left = this.processes();
        if (left.length > 0)
          throw new Error(left.map((one) => `${one.pid} ${one.command}`).join("; "));
        return true;
      },
      { timeoutMs },
    );
  }

  /** For the end of a test, however it went. */
  async destroy(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exited = once(this.child, "exit");
      this.child.kill("SIGTERM");
      const late = setTimeout(() => this.child.kill("SIGKILL"), 15_000);
      await exited;
      clearTimeout(late);
    }
    for (const { pid } of this.processes()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // Ended meanwhile.
      }
    }
    await this.waitUntilNothingIsLeft();
  }
}

/**
 * A port whose `count` successors are free. Below the range that systems take ports of outgoing
 * connections from: one of those could be in the way a moment later.
 */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const base = 20_000 + Math.floor(Math.random() * 10_000);
    const ports = Array.from({ length: count }, (_, index) => base + 1 + index);
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return base;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
