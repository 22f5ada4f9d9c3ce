import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Tokens, tokensToEnv } from "../http/roles.ts";
import { closeFreezeFlag, freezeThread, openFreezeFlag } from "./freeze-flag.ts";
import type { FromHelper, ToHelper } from "./helper-messages.ts";
import type { Hold } from "./holds.ts";

const program = fileURLToPath(new URL("./helper.ts", import.meta.url));

export interface HelperOptions {
  /** Asked for by the helper's HTTP; none: loopback only. */
  readonly tokens: Tokens;
  /** A pause or a freeze has ended, by its ttl or healed through the helper. */
  readonly onEnded: (id: string) => void;
}

/** The node's side of the helper process (helper.ts). */
export class HelperProcess {
  readonly healUrl: string;
  readonly #child: ChildProcess;
  readonly #flag: number;
  readonly #awaited = new Map<string, PromiseWithResolvers<void>>();
  #freezes = 0;

  private constructor(
    child: ChildProcess,
    flag: number,
    port: number,
    onEnded: (id: string) => void,
  ) {
    this.#child = child;
    this.#flag = flag;
    this.healUrl = `http://127.0.0.1:${port}`;
    child.on("message", (raw) => {
      const message = raw as FromHelper;
      if (message.type === "held") this.#awaited.get(message.id)?.resolve();
      if (message.type === "ended") onEnded(message.id);
    });
    child.on("disconnect", () => {
      for (const waiting of this.#awaited.values()) waiting.reject(gone());
    });
  }

  /** @throws where the process cannot be started. */
  static async start(options: HelperOptions): Promise<HelperProcess> {
    const flag = openFreezeFlag();
    const child = spawn(process.execPath, [program], {
      env: {
        ...process.env,
        ...tokensToEnv(options.tokens),
        LEASEHOLD_UNDER_LAUNCHER: process.connected ? "1" : "",
      },
      stdio: ["ignore", "inherit", "inherit", "ipc", flag],
    });
    const exited = once(child, "exit").then(([code, signal]) => {
      throw new Error(
        `The faults helper ended before it listened (${signal ?? `exit code ${code}`}).`,
      );
    });
    const [listening] = await Promise.race([once(child, "message"), exited]);
    // From here on its end is noticed by `connected`.
    exited.catch(() => undefined);
    const { port } = listening as Extract<FromHelper, { type: "listening" }>;
    // The helper must not keep its node alive.
    child.unref();
    child.channel?.unref();
    return new HelperProcess(child, flag, port, options.onEnded);
  }

  /**
   * Lets the helper hold a fault before it acts.
   *
   * @throws where the helper is gone: a pause that nobody ends must not begin.
   */
  async hold(fault: Omit<Hold, "slot">): Promise<Hold> {
    const hold = { ...fault, slot: this.#freezes++ };
    const held = Promise.withResolvers<void>();
    this.#awaited.set(hold.id, held);
    try {
      this.#tell({ type: "hold", hold });
      await held.promise;
    } finally {
      this.#awaited.delete(hold.id);
    }
    return hold;
  }

  /** Pause: this process stops within a moment. Freeze: returns when the freeze has ended. */
  act(hold: Hold): void {
    if (hold.kind === "freeze") freezeThread(this.#flag, hold.slot, hold.ttlMs);
    else this.#tell({ type: "act", id: hold.id });
  }

  heal(id: string): void {
    if (this.#child.connected) this.#tell({ type: "heal", id });
  }

  async close(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, "exit");
      this.#child.ref();
      if (this.#child.connected) this.#child.disconnect();
      await exited;
    }
    closeFreezeFlag(this.#flag);
  }

  #tell(message: ToHelper): void {
    if (!this.#child.connected) throw gone();
    this.#child.send(message);
  }
}

const gone = (): Error =>
  new Error("The faults helper is gone; restart the node to pause or freeze it.");
