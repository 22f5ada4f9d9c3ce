import { StoreUnavailableError } from "../../errors.ts";
import type { MemoryBackend } from "./memory-backends.ts";
import { ask, type MemoryClient } from "./memory-link.ts";
import type { MemoryPostgres } from "./memory-postgres.ts";

/**
 * A connection for appends, made when it is needed and made again when it is lost; the new one first ends
 * the backend of its predecessor, which may still be running what this side gave up.
 */
export class MemoryJournalSession {
  readonly #server: MemoryPostgres;
  readonly #client: Required<MemoryClient>;
  readonly #timeoutMs: number;
  #name = "journal";
  #backend: MemoryBackend | null = null;
  #predecessor: MemoryBackend | null = null;
  #abort: (why: Error) => void = () => {};
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(server: MemoryPostgres, client: Required<MemoryClient>, timeoutMs: number) {
    this.#server = server;
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  rename(name: string): void {
    if (this.#name === name) return;
    this.#name = name;
    // Statements under way end with their own connection; the next one is made under the new name.
    this.#last = this.#last.then(() => this.#lose());
  }

  /** @throws {StoreUnavailableError} the outcome is unknown. */
  run<T>(statement: (by: MemoryBackend) => T | Promise<T>): Promise<T> {
    const answer = this.#last.then(() => this.#run(statement));
    // The next statement follows whatever became of this one; who asked hears of a failure.
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  close(): void {
    this.#isClosed = true;
    this.#lose();
  }

  async #run<T>(statement: (by: MemoryBackend) => T | Promise<T>): Promise<T> {
    if (this.#isClosed) throw new StoreUnavailableError("This journal was closed.");
    try {
      const backend = await this.#connect();
      return await this.#ask(() => {
        if (!this.#server.backends.isOpen(backend)) {
          throw new StoreUnavailableError("No such session.");
        }
        return statement(backend);
      });
    } catch (error) {
      this.#lose();
      throw error;
    }
  }

  async #connect(): Promise<MemoryBackend> {
    if (this.#backend !== null) return this.#backend;
    const predecessor = this.#predecessor;
    const backend = await this.#ask(() => {
      this.#server.mustBeUp();
      if (predecessor !== null) this.#server.backends.terminate(predecessor);
      return this.#start();
    });
    this.#predecessor = null;
    this.#backend = backend;
    return backend;
  }

  #start(): MemoryBackend {
    const { backends, journals } = this.#server;
    const backend = backends.start({
      applicationName: this.#name.slice(0, 63),
      idleTimeoutMs: null,
      onEnd: (why) => {
        journals.ended(backend);
        this.#client.link.pass("in", () => {
          if (this.#backend === backend) this.#abort(new StoreUnavailableError(why));
        });
      },
    });
    return backend;
  }

  #ask<T>(statement: () => T | Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#abort = (why) => {
        this.#lose();
        reject(why);
      };
      ask(this.#client, statement, this.#timeoutMs, () => {
        return new StoreUnavailableError(`Postgres did not answer within ${this.#timeoutMs} ms.`);
      }).then(resolve, reject);
    });
  }

  #lose(): void {
    const backend = this.#backend;
    if (backend === null) return;
    this.#backend = null;
    this.#predecessor = backend;
    this.#client.link.pass("out", () => backend.end("client closed the connection"));
  }
}
