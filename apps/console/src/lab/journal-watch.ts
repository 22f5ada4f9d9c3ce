import type { Log } from "../relay/log.ts";
import { type Head, HeadsWatch } from "./heads-watch.ts";
import type { JournalReader } from "./journal-reader.ts";

const lookEveryMs = 200;

export interface JournalWatchOptions {
  readonly reader: Pick<JournalReader, "heads" | "after" | "close">;
  /** Numbers of shards of the group `default`. */
  readonly shards: readonly number[];
  /** On the run's clock. */
  readonly nowMs: () => number;
  readonly log: Log;
  /** Hears of each look. */
  readonly looked: (heads: readonly Head[]) => void;
}

/** The evidence for S4: heads as long as a run goes on, and what the journal has at its end. */
export class JournalWatch {
  readonly heads = new HeadsWatch();
  /** Why the journal could not be read to the end. */
  unread: string | null = null;
  readonly #options: JournalWatchOptions;
  readonly #ending = new AbortController();
  #looking: Promise<void> = Promise.resolve();

  constructor(options: JournalWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#looking = this.#lookOn();
  }

  /** Never throws: what could not be seen is a gap, if it mattered. */
  async look(): Promise<void> {
    const { reader, shards, nowMs, log, looked } = this.#options;
    if (shards.length === 0) return;
    try {
      const heads = await reader.heads(shards);
      this.heads.looked(heads, nowMs());
      looked(heads);
    } catch (error) {
      // A server that is away is part of some scenarios.
      log("info", "heads not readable", { error: String(error) });
    }
  }

  /** Reads the journal, and closes the reader. Never throws. */
  async end(): Promise<void> {
    this.#ending.abort();
    await this.#looking;
    const { reader } = this.#options;
    for (const head of this.heads.from) {
      try {
        this.heads.judge(await reader.after(head));
      } catch (error) {
        this.unread ??= `the journal of shard ${head.shard} could not be read: ${String(error)}.`;
      }
    }
    await reader.close();
  }

  async #lookOn(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      await this.look();
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  }
}
