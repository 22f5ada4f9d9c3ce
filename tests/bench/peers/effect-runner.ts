import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Answer, Command, RunnerSettings } from "./effect-messages.ts";

const program = fileURLToPath(new URL("./effect/runner.ts", import.meta.url));

/** A process of Effect's cluster. */
export class EffectRunner {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #watching = new Set<() => void>();
  #shards = 0;
  #lastId = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (answer: Answer) => this.#take(answer));
    child.on("exit", () => {
      for (const { reject } of this.#pending.values()) reject(new Error("The runner has ended."));
    });
  }

  /** Resolves once it runs, whatever it owns. */
  static async start(settings: Omit<RunnerSettings, "port">): Promise<EffectRunner> {
    const given: RunnerSettings = { ...settings, port: await freePort() };
    // What it says is not part of our table.
    const stdio = ["ignore", 2, 2, "ipc"] as const;
    // Schemas are compiled to code where this is loaded before anything else.
    const execArgv =
      settings.tunedFor === "asks" ? ["--import", "effect/schema/SchemaJITCompiler/enable"] : [];
    const options = { stdio: [...stdio], execArgv, cwd: dirname(program) };
    const runner = new EffectRunner(fork(program, [JSON.stringify(given)], options));
    await new Promise<void>((resolve) => {
      const stop = runner.onShards(() => {
        stop();
        resolve();
      });
    });
    return runner;
  }

  get shards(): number {
    return this.#shards;
  }

  /** Is told of every change of `shards`. @returns what ends it. */
  onShards(fn: () => void): () => void {
    this.#watching.add(fn);
    return () => this.#watching.delete(fn);
  }

  /** @throws what the runner could not do: nothing is counted that had an error. */
  async call<T>(command: Command): Promise<T> {
    this.#lastId += 1;
    const answer = Promise.withResolvers<unknown>();
    this.#pending.set(this.#lastId, answer);
    this.#child.send({ id: this.#lastId, command });
    return (await answer.promise) as T;
  }

  /** @returns once the process has ended. */
  async kill(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill(signal);
    await ended;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }

  #take(answer: Answer): void {
    if ("shards" in answer) {
      this.#shards = answer.shards;
      for (const fn of this.#watching) fn();
      return;
    }
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ("error" in answer) pending?.reject(new Error(answer.error));
    else pending?.resolve(answer.value);
  }
}

/** Effect's runners must know theirs before they listen. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
