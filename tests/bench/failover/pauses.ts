import type { AskRequest, ShardingNode } from "@leasehold/sharding";

/** How often each entity is asked, unless its last question is still open. @unit milliseconds */
const everyMs = 20;

export interface Pauses {
  /** The longest that a question of each entity waited. @unit milliseconds */
  readonly longestMs: ReadonlyMap<string, number>;
  /** Of all questions, half waited no longer. @unit milliseconds */
  readonly usualMs: number;
  readonly failures: readonly string[];
}

type Question = Omit<AskRequest, "id">;

/** Asks entities at a steady pace, one question of an entity at a time, and keeps how long each had to wait. */
export class PauseMeter {
  readonly #witness: ShardingNode;
  readonly #ids: readonly string[];
  readonly #question: Question;
  readonly #open = new Map<string, Promise<void>>();
  readonly #longestMs = new Map<string, number>();
  readonly #waitsMs: number[] = [];
  readonly #failures: string[] = [];
  readonly #timer: NodeJS.Timeout;
  #turn = 0;

  constructor(witness: ShardingNode, ids: readonly string[], question: Question) {
    this.#witness = witness;
    this.#ids = ids;
    this.#question = question;
    // A few at a time: all at once would wait for each other.
    this.#timer = setInterval(() => this.#askSome(), everyMs / 10);
  }

  /** Waits for the answers under way. */
  async stop(): Promise<Pauses> {
    clearInterval(this.#timer);
    await Promise.all(this.#open.values());
    const sorted = this.#waitsMs.toSorted((a, b) => a - b);
    return {
      longestMs: this.#longestMs,
      usualMs: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
      failures: this.#failures,
    };
  }

  #askSome(): void {
    this.#turn = (this.#turn + 1) % 10;
    for (let i = this.#turn; i < this.#ids.length; i += 10) {
      const id = this.#ids[i] as string;
      if (!this.#open.has(id)) this.#open.set(id, this.#ask(id));
    }
  }

  async #ask(id: string): Promise<void> {
    const startMs = performance.now();
    try {
      await this.#witness.ask({ ...this.#question, id });
    } catch (error) {
      this.#failures.push(`${id}: ${String(error)}`);
    }
    const waitedMs = performance.now() - startMs;
    this.#waitsMs.push(waitedMs);
    this.#longestMs.set(id, Math.max(waitedMs, this.#longestMs.get(id) ?? 0));
    this.#open.delete(id);
  }
}

/** At most `count` of them, evenly spread. */
export function spread<T>(all: readonly T[], count: number): readonly T[] {
  const step = Math.max(1, all.length / count);
  return Array.from(
    { length: Math.min(count, all.length) },
    (_, i) => all[Math.floor(i * step)] as T,
  );
}
