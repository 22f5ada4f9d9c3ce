import { type ChildProcess, type Serializable, spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";

export interface ChildSpec {
  /** What it is called in the launcher's lines and its log file. */
  readonly name: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  /** 0 = never. @unit milliseconds */
  readonly respawnMs: number;
  readonly say: (line: string) => void;
  /** It ended without being asked to; awaited before it is started again. */
  readonly onUnaskedExit?: (exit: ChildExit) => Promise<void>;
  readonly onMessage?: (message: unknown) => void;
}

export interface ChildExit {
  readonly pid: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * A process that the launcher keeps running until it is asked to stop.
 *
 * It leads a process group of its own, so that Ctrl-C reaches the launcher only; its IPC channel and its
 * stdin close when the launcher dies, whatever kills it, and the child ends by that. It writes straight
 * into its log file: output through the launcher would break with it.
 */
export class Child {
  readonly spec: ChildSpec;
  #child: ChildProcess | null = null;
  #respawn: NodeJS.Timeout | undefined;
  #isStopping = false;
  #lastExit: ChildExit | null = null;
  #starting: Promise<void> = Promise.resolve();
  /** Where in the log its present life begins. */
  #logStart = 0;

  constructor(spec: ChildSpec) {
    this.spec = spec;
  }

  /** Null while it does not run. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** How it ended last; null before the first time. */
  get lastExit(): ChildExit | null {
    return this.#lastExit;
  }

  /** @throws where the system has no room for another process. */
  async start(): Promise<void> {
    this.#starting = this.#spawn();
    await this.#starting;
  }

  /** Asks it to end in its own way, and kills it after `graceMs`. Resolves when nothing of it is left. */
  async stop(ask: (child: ChildProcess) => void, graceMs: number): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#respawn);
    // Who started it hears of a failure; here it means that there is nothing to stop.
    await this.#starting.catch(() => undefined);
    const child = this.#child;
    if (child === null) return;
    const exited = once(child, "exit");
    // A paused process would notice nothing, nor a frozen one: this reaches the faults helper, too.
    if (child.pid !== undefined) signalGroup(child.pid, "SIGCONT");
    ask(child);
    const late = setTimeout(() => {
      this.spec.say(`${this.spec.name} has not stopped within ${graceMs} ms: killed`);
      this.kill();
    }, graceMs);
    await exited;
    clearTimeout(late);
  }

  /** Ends its whole process group at once. */
  kill(): void {
    if (this.#child?.pid !== undefined) signalGroup(this.#child.pid, "SIGKILL");
  }

  /** What it has written since it started last. */
  async output(): Promise<string> {
    const log = await readFile(this.spec.logFile);
    return log.subarray(this.#logStart).toString().trimEnd();
  }

  async #spawn(): Promise<void> {
    const { name, args, cwd, env, logFile, say, onMessage } = this.spec;
    const log = await open(logFile, "a", 0o600);
    try {
      if (this.#isStopping) return;
      this.#logStart = (await log.stat()).size;
      const child = spawn(process.execPath, args, {
        cwd,
        env,
        detached: true,
        stdio: ["pipe", log.fd, log.fd, "ipc"],
      });
      await once(child, "spawn");
      const pid = child.pid ?? Number.NaN;
      this.#child = child;
      child.once("exit", (code, signal) => this.#exited({ pid, code, signal }));
      child.on("error", (error) => say(`${name} (pid ${pid}): ${error.message}`));
      if (onMessage !== undefined) child.on("message", onMessage);
    } finally {
      await log.close();
    }
  }

  #exited(exit: ChildExit): void {
    this.#child = null;
    this.#lastExit = exit;
    // What it had started ends with it (the faults helper does so by itself, a moment later).
    signalGroup(exit.pid, "SIGKILL");
    if (this.#isStopping) return;
    this.#recover(exit).catch((error: unknown) =>
      this.spec.say(`${this.spec.name}: ${String(error)}`),
    );
  }

  async #recover(exit: ChildExit): Promise<void> {
    const { name, respawnMs, say, onUnaskedExit } = this.spec;
    const how = exit.signal === null ? `with exit code ${exit.code}` : `by ${exit.signal}`;
    const comesBack = exit.code !== 0 && respawnMs > 0;
    say(
      `${name} (pid ${exit.pid}) ended ${how}${comesBack ? `; it starts again in ${respawnMs} ms` : ""}`,
    );
    if (comesBack) this.#respawn = setTimeout(() => this.#startAgain(), respawnMs);
    await onUnaskedExit?.(exit);
  }

  #startAgain(): void {
    this.start().then(
      () => this.spec.say(`${this.spec.name} starts again (pid ${this.pid})`),
      (error: unknown) => this.spec.say(`${this.spec.name} cannot start again: ${String(error)}`),
    );
  }
}

/** For children that speak IPC; one whose channel is closed is ending already. */
export function tell(child: ChildProcess, message: Serializable): void {
  if (child.connected) child.send(message);
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // Nobody is left in it.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
