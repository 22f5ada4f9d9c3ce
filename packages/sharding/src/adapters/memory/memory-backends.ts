import type { Clock } from "../../ports/clock.ts";
import type { Backend, LockName } from "../../ports/lease-session.ts";

/** A session as the server has it. */
export interface MemoryBackend extends Backend {
  /** Runs a statement; afterwards the idle time counts from zero. */
  run<T>(statement: () => T): T;
  tryLock(key: LockName): boolean;
  unlock(key: LockName): boolean;
  end(why: string): void;
}

export interface BackendOptions {
  readonly applicationName: string;
  /** After this much silence the server ends the session; null = never. @unit milliseconds */
  readonly idleTimeoutMs: number | null;
  /** The server has ended the session; its locks are free. */
  readonly onEnd: (why: string) => void;
}

/** The sessions of one server, and the locks that they hold. */
export class MemoryBackends {
  readonly #clock: Clock;
  readonly #locks = new Map<LockName, MemoryBackend>();
  readonly #open = new Map<number, MemoryBackend>();
  #lastPid = 1000;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start({ applicationName, idleTimeoutMs, onEnd }: BackendOptions): MemoryBackend {
    this.#lastPid += 1;
    const pid = this.#lastPid;
    let stopIdleTimer = () => {};
    const waitIdle = () => {
      stopIdleTimer();
      if (idleTimeoutMs === null) return;
      stopIdleTimer = this.#clock.after(idleTimeoutMs, () => backend.end("idle-session timeout"));
    };
    const backend: MemoryBackend = {
      pid,
      startedAt: `${this.#clock.monotonicMs()}/${pid}`,
      applicationName,
      run: (statement) => {
        try {
          return statement();
        } finally {
          if (this.#open.has(pid)) waitIdle();
        }
      },
      tryLock: (key) => {
        const holder = this.#locks.get(key);
        if (holder === backend) throw new Error(`The lock "${key}" would stack.`);
        if (holder === undefined) this.#locks.set(key, backend);
        return holder === undefined;
      },
      unlock: (key) => this.#locks.get(key) === backend && this.#locks.delete(key),
      end: (why) => {
        if (!this.#open.delete(pid)) return;
        stopIdleTimer();
        for (const [key, holder] of this.#locks) if (holder === backend) this.#locks.delete(key);
        onEnd(why);
      },
    };
    this.#open.set(pid, backend);
    waitIdle();
    return backend;
  }

  isOpen(backend: MemoryBackend): boolean {
    return this.#open.has(backend.pid);
  }

  /** @returns whether a session of this pid, start and name was there. */
  terminate({ pid, startedAt, applicationName }: Backend): boolean {
    const backend = this.#open.get(pid);
    if (backend?.startedAt !== startedAt || backend.applicationName !== applicationName)
      return false;
    backend.end("terminating connection due to administrator command");
    return true;
  }

  /** The sessions of one life, whose process has ended. */
  endOf(applicationName: (name: string) => boolean): void {
    for (const backend of [...this.#open.values()]) {
      if (applicationName(backend.applicationName))
        backend.end("the client's connection was reset");
    }
  }

  endAll(why: string): void {
    for (const backend of [...this.#open.values()]) backend.end(why);
  }
}
