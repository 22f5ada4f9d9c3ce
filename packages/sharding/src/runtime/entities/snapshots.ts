import type { LogFn } from "../../node-api.ts";
import type { Journal, NewSnapshot } from "../../ports/journal.ts";
import type { Activation } from "./activation.ts";
import { messageOf } from "./message-of.ts";
import { storedEntity } from "./stored-entity.ts";
import { checkStorable } from "./stored-json.ts";

/** Also after so many events' worth of JSON: replay is bounded by what it reads. @unit characters */
const keepAfterSize = 256 * 1024;
/** In one call. */
const batchLimit = 64;
const batchSize = 4 * 1024 * 1024;
/** A larger state is not kept: its entity is folded from its events. @unit characters */
const sizeLimit = 8 * 1024 * 1024;

/**
 * Keeps the states of durable entities from time to time, so that loading one folds a bounded number of events.
 *
 * Behind everybody's back: no command waits for it, one statement is under way at a time, and what is due
 * meanwhile waits as it is, one state per entity. What fails is made up for after the next events.
 */
export class Snapshots {
  readonly #journal: Pick<Journal, "keep">;
  readonly #log: LogFn;
  readonly #due = new Map<string, Activation>();
  /** Types that were told to be unsuitable. */
  readonly #told = new Set<string>();
  #isSending = false;

  constructor(journal: Pick<Journal, "keep">, log: LogFn) {
    this.#journal = journal;
    this.#log = log;
  }

  /** The activation's state has so many more stored events behind it. @param size as JSON @unit characters */
  folded(activation: Activation, events: number, size: number): void {
    const { unkept, type } = activation;
    unkept.events += events;
    unkept.size += size;
    if (unkept.events < type.definition.snapshotEvery && unkept.size < keepAfterSize) return;
    activation.unkept = { events: 0, size: 0 };
    this.#due.set(activation.key, activation);
    if (!this.#isSending) void this.#send();
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    // Not within the command that was due: others of this turn go along.
    await Promise.resolve();
    while (this.#due.size > 0) {
      const batch = this.#take();
      try {
        if (batch.length > 0) await this.#journal.keep(batch);
      } catch (error) {
        this.#log("debug", "states could not be kept", { error: String(error) });
      }
    }
    this.#isSending = false;
  }

  #take(): readonly NewSnapshot[] {
    const batch: NewSnapshot[] = [];
    let size = 0;
    for (const [key, activation] of this.#due) {
      if (batch.length >= batchLimit || size >= batchSize) break;
      this.#due.delete(key);
      if (!activation.loaded || activation.ended) continue;
      const stateSize = this.#sizeOf(activation);
      if (stateSize === null) continue;
      size += stateSize;
      const { shard, state, version, type } = activation;
      const { stateVersion, keepEvents } = type.definition;
      batch.push({
        ...{ ...storedEntity(activation), ...shard.fence, version, state, stateVersion },
        // The last event stays: it says at which version the entity is.
        deleteUpTo: keepEvents === null ? 0 : version - Math.max(keepEvents, 1),
      });
    }
    return batch;
  }

  /** Null where the state cannot be kept: then the events alone say what it is. */
  #sizeOf({ key, state, type }: Activation): number | null {
    try {
      const size = checkStorable(state, "state");
      if (size <= sizeLimit) return size;
      throw new Error(`state has ${size} characters as JSON; ${sizeLimit} can be kept.`);
    } catch (error) {
      const name = type.definition.type;
      const why = messageOf(error);
      if (!this.#told.has(name)) this.#log("warn", "a state cannot be kept", { entity: key, why });
      this.#told.add(name);
      return null;
    }
  }
}
