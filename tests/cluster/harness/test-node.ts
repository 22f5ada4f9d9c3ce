import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type SelfAnswer, selfAnswer } from "./answers.ts";
import { waitUntil } from "./wait-until.ts";

const program = fileURLToPath(import.meta.resolve("@leasehold/node/main"));

export interface TestNodeOptions {
  readonly nodeId: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** From the request to the exit. @unit milliseconds */
  readonly tookMs: number;
}

/** One real node process; it may be started again after it ended, at the same address. */
export class TestNode {
  readonly nodeId: string;
  readonly #options: TestNodeOptions;
  #child: ChildProcess | null = null;
  #url: string | null = null;
  #healUrl: string | null = null;
  #isFrozen = false;
  #wasReady = false;
  #endedBy: Omit<Exit, "tookMs"> | null = null;

  constructor(options: TestNodeOptions) {
    this.nodeId = options.nodeId;
    this.#options = options;
  }

  /** Where it listens. Kept over restarts. */
  get url(): string {
    if (this.#url === null) throw new Error(`${this.nodeId} has not listened yet.`);
    return this.#url;
  }

  /** @throws where it does not run. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.nodeId} does not run.`);
    return pid;
  }

  /** It has a process that has listened. */
  get isRunning(): boolean {
    return this.#child !== null && this.#url !== null;
  }

  /** How its last process ended; null while none has. */
  get endedBy(): Omit<Exit, "tookMs"> | null {
    return this.#endedBy;
  }

  /** Resolves when it listens; `becomeReady` waits for more. */
  async start(extra: NodeJS.ProcessEnv = {}): Promise<void> {
    const log = openSync(this.#options.logFile, "a");
    const port = this.#url === null ? "0" : new URL(this.#url).port;
    const child = spawn(process.execPath, [program, "node"], {
      env: { ...this.#options.env, LEASEHOLD_PORT: port, ...extra },
      stdio: ["ignore", log, log, "ipc"],
      // A group of its own: whatever it starts can be ended with it.
      detached: true,
    });
    closeSync(log);
    this.#child = child;
    // Those of the process before it.
    this.#healUrl = null;
    this.#wasReady = false;
    child.once("exit", (code, signal) => {
      if (this.#child !== child) return;
      this.#endedBy = { code, signal };
      this.#child = null;
      this.#isFrozen = false;
    });
    const listening = once(child, "message").then(([message]) => urlIn(message));
    const ended = once(child, "exit").then(([code, signal]) => {
      throw new Error(
        `${this.nodeId} ended (${signal ?? code}) while it started:\n${this.log(20)}`,
      );
    });
    this.#url = await Promise.race([listening, ended]);
    // From here on an exit is the test's business.
    ended.catch(() => undefined);
  }

  /** It runs, and has been ready since it was started: who balances load would send it some. */
  get wasReady(): boolean {
    return this.isRunning && this.#wasReady;
  }

  /** It runs, and nobody has frozen it from outside. */
  get isAwake(): boolean {
    return this.isRunning && !this.#isFrozen;
  }

  /**
   * As under a supervisor: a node that gave up starting is started again. With a ttl of 1 s it gives up when
   * Postgres takes a third of a second to answer, which a busy machine does.
   */
  async becomeReady(timeoutMs = 20_000): Promise<void> {
    const isReady = async (): Promise<boolean> => {
      if (!this.isRunning) await this.start();
      return await this.checkReady();
    };
    await waitUntil(`${this.nodeId} is ready`, isReady, { timeoutMs });
    this.#healUrl = (await this.self()).healUrl;
  }

  /** Asks once. */
  async checkReady(): Promise<boolean> {
    const { ok } = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(1_000) });
    this.#wasReady ||= ok;
    return ok;
  }

  /** Of one Prometheus series, with its labels. */
  async counted(series: string): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const line = text.split("\n").find((one) => one.startsWith(`${series} `));
    if (line === undefined) throw new Error(`There is no series ${series}.`);
    return Number(line.slice(series.length + 1));
  }

  /** SIGKILL. */
  kill(): Promise<Exit> {
    return this.#signal("SIGKILL");
  }

  /** SIGTERM: hands over and leaves. */
  stop(): Promise<Exit> {
    return this.#signal("SIGTERM");
  }

  /** What the launcher says to all nodes at once. */
  async stopCluster(): Promise<Exit> {
    return await this.#untilExit((child) => child.send({ type: "stop-cluster" }));
  }

  /** SIGSTOP from outside. */
  freeze(): void {
    process.kill(this.pid, "SIGSTOP");
    this.#isFrozen = true;
  }

  /** SIGCONT from outside. */
  thaw(): void {
    process.kill(this.pid, "SIGCONT");
    this.#isFrozen = false;
  }

  /** `POST /v1/faults`. */
  async fault(fault: {
    readonly kind: string;
    readonly [field: string]: unknown;
  }): Promise<string> {
    const answer = await this.ask("POST", "/v1/faults", fault);
    return z.object({ id: z.string() }).parse(answer).id;
  }

  /** Ends one fault or all, also while the node is paused or frozen. */
  async heal(id?: string): Promise<void> {
    const tail = id === undefined ? "" : `/${id}`;
    if (this.#healUrl !== null) await request(`${this.#healUrl}${tail}`, "DELETE");
    const response = await request(`${this.url}/v1/faults${tail}`, "DELETE");
    // 404: the helper was faster.
    if (!response.ok && response.status !== 404) {
      throw new Error(`${this.nodeId} did not heal: ${await response.text()}`);
    }
  }

  async self(): Promise<SelfAnswer> {
    return selfAnswer.parse(await this.ask("GET", "/v1/self"));
  }

  /** Any call of its HTTP. @throws unless it answers 2xx. */
  async ask(method: string, path: string, body?: unknown, timeoutMs?: number): Promise<unknown> {
    const response = await request(`${this.url}${path}`, method, body, timeoutMs);
    const text = await response.text();
    if (!response.ok)
      throw new Error(`${this.nodeId}: ${method} ${path} answered ${response.status} ${text}`);
    return JSON.parse(text);
  }

  /** The end of what it wrote. */
  log(lines: number): string {
    if (!existsSync(this.#options.logFile)) return "It never ran.";
    return readFileSync(this.#options.logFile, "utf8")
      .trimEnd()
      .split("\n")
      .slice(-lines)
      .join("\n");
  }

  /** Ends it and all it started, at once. */
  async destroy(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined) return;
    const exited = once(child, "exit");
    process.kill(-child.pid, "SIGKILL");
    await exited;
  }

  #signal(signal: NodeJS.Signals): Promise<Exit> {
    return this.#untilExit((child) => child.kill(signal));
  }

  async #untilExit(ask: (child: ChildProcess) => void): Promise<Exit> {
    const child = this.#child;
    if (child === null) throw new Error(`${this.nodeId} does not run.`);
    const startedMs = performance.now();
    const exited = once(child, "exit");
    ask(child);
    const [code, signal] = (await exited) as [number | null, NodeJS.Signals | null];
    return { code, signal, tookMs: performance.now() - startedMs };
  }
}

/** Waits for longer than a node does (10 s): where a node gives up, the test shall hear its reason. */
async function request(
  url: string,
  method: string,
  body?: unknown,
  timeoutMs = 15_000,
): Promise<Response> {
  try {
    return await fetch(url, {
      method,
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
  } catch (cause) {
    throw new Error(`${method} ${url} had no answer: ${String(cause)}`, { cause });
  }
}

const urlIn = (message: unknown): string => z.object({ url: z.url() }).parse(message).url;
