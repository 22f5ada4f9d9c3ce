/** One line per thing worth telling an operator. */
export type Log = (
  level: "debug" | "info" | "warn" | "error",
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;

const maxRemembered = 256;

/** Says the same thing once until it is forgotten: retries and floods must not fill a log. */
export class OnceLog {
  readonly #log: Log;
  readonly #said = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  say(key: string, ...line: Parameters<Log>): void {
    if (this.#said.has(key)) return;
    if (this.#said.size >= maxRemembered) this.#said.clear();
    this.#said.add(key);
    this.#log(...line);
  }

  /** What begins with `prefix` may be said again. */
  forgetAll(prefix: string): void {
    for (const key of [...this.#said]) if (key.startsWith(prefix)) this.#said.delete(key);
  }
}
