import { type Client, createClient } from "@leasehold/sharding/client";
import { type Outcome, outcomeOf } from "./outcome.ts";

export interface LoadOptions {
  readonly perSecond: number;
  /** How many entities. */
  readonly ids: number;
  /** @default "counter" */
  readonly type?: string;
  /** @default "add" */
  readonly command?: string;
  /** @default { by: 1 } */
  readonly input?: unknown;
  /** For one call with all its attempts. @unit milliseconds @default 10000 */
  readonly deadlineMs?: number;
  /** Of the entities' ids, so that loads after each other find nothing there. @default "load" */
  readonly prefix?: string;
}

/** One call. Times are on this process's monotonic clock. @unit milliseconds */
export interface Call {
  readonly id: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly outcome: Outcome;
}

/** @unit milliseconds */
const stallMs = 100;

/** Calls at a steady rate, whatever the answers take, spread over all nodes. */
export class SteadyLoad {
  readonly history: Call[] = [];
  readonly #client: Client;
  readonly #end = new AbortController();
  readonly #options: LoadOptions;
  /** Each with when it was sent; the oldest first. */
  readonly #pending = new Map<Promise<void>, number>();
  readonly #startedMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  /** When this process stood still: neither its calls nor its timers went on. */
  readonly #stalls: { readonly fromMs: number; readonly toMs: number }[] = [];
  #lookedAtMs = performance.now();
  #sent = 0;

  constructor(nodes: () => readonly string[], options: LoadOptions) {
    this.#options = options;
    this.#client = createClient({ nodes, deadlineMs: this.deadlineMs, connections: 512 });
    this.#timer = setInterval(() => this.#catchUp(), 5);
  }

  /** For one call with all its attempts. @unit milliseconds */
  get deadlineMs(): number {
    return this.#options.deadlineMs ?? 10_000;
  }

  /** When the calls under way were sent, the oldest first. @unit milliseconds */
  pendingSinceMs(): Iterable<number> {
    return this.#pending.values();
  }

  /** How long this process stood still between the two: no cluster can be blamed for that. @unit milliseconds */
  stalledMs(startMs: number, endMs: number): number {
    return this.#stalls.reduce(
      (sum, { fromMs, toMs }) =>
        sum + Math.max(0, Math.min(toMs, endMs) - Math.max(fromMs, startMs)),
      0,
    );
  }

  failures(): readonly Call[] {
    return this.history.filter((call) => call.outcome.tag === "failed");
  }

  /** Waits for the answers under way. */
  async stop(): Promise<readonly Call[]> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending.keys());
    return this.history;
  }

  /** Ends it without waiting: what is under way fails. */
  async abort(): Promise<void> {
    this.#end.abort();
    await this.stop();
  }

  #catchUp(): void {
    const nowMs = performance.now();
    if (nowMs - this.#lookedAtMs > stallMs) {
      this.#stalls.push({ fromMs: this.#lookedAtMs, toMs: nowMs });
    }
    this.#lookedAtMs = nowMs;
    const due = ((performance.now() - this.#startedMs) / 1_000) * this.#options.perSecond;
    while (this.#sent < due) this.#send();
  }

  #send(): void {
    const {
      ids,
      type = "counter",
      command = "add",
      input = { by: 1 },
      prefix = "load",
    } = this.#options;
    const id = `${prefix}-${this.#sent++ % ids}`;
    const startMs = performance.now();
    const asked = this.#client.ask({ type, id, command, input, signal: this.#end.signal });
    const call = outcomeOf(asked).then((outcome) => {
      this.history.push({ id, startMs, endMs: performance.now(), outcome });
      this.#pending.delete(call);
    });
    this.#pending.set(call, startMs);
  }
}
