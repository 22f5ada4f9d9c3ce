import type { Append } from "../../ports/journal.ts";
import type { WrittenAppend } from "./written-append.ts";

/** Entities whose version is known, of all shards of a lane. Some MB at most. */
const limit = 20_000;

interface End {
  readonly epoch: number;
  lastSeq: number;
  readonly versions: Map<string, number>;
}

/**
 * What one connection has written itself: where each shard's events end, and the versions of the entities there.
 *
 * Whoever finds a shard's end where he left it, under the same epoch, knows that nothing was added or lost since, and
 * so that an entity which he wrote last has the version that he gave it: nobody has to look it up.
 */
export class KnownEnds {
  readonly #groups = new Map<string, (End | undefined)[]>();
  #count = 0;

  /** The shard's last event, as it was left; -1: not known. */
  lastSeqOf(append: Append): number {
    const end = this.#endOf(append);
    return end?.epoch === append.epoch ? end.lastSeq : -1;
  }

  /** Whether the entity has this append's version, if its shard still ends where it was left. */
  knows({ append, entity }: WrittenAppend): boolean {
    const end = this.#endOf(append);
    return end?.epoch === append.epoch && end.versions.get(entity) === append.version;
  }

  /** These were written, and a shard's events end at `lastSeq`. */
  wrote(written: readonly WrittenAppend[], lastSeqOf: (append: Append) => number): void {
    if (this.#count > limit) this.#clear();
    for (const { append, entity } of written) {
      const { epoch, version, events } = append;
      let end = this.#endOf(append);
      if (end?.epoch !== epoch) {
        this.#count -= end?.versions.size ?? 0;
        end = { epoch, lastSeq: 0, versions: new Map() };
        this.#set(append, end);
      }
      end.lastSeq = lastSeqOf(append);
      const before = end.versions.size;
      end.versions.set(entity, version + events.length);
      this.#count += end.versions.size - before;
    }
  }

  /** Something else was sent for these shards, or nobody knows what became of it. */
  forget(written: readonly WrittenAppend[]): void {
    for (const { append } of written) {
      this.#count -= this.#endOf(append)?.versions.size ?? 0;
      this.#set(append, undefined);
    }
  }

  #endOf({ group, shard }: Append): End | undefined {
    return this.#groups.get(group)?.[shard];
  }

  #set({ group, shard }: Append, end: End | undefined): void {
    const ends = this.#groups.get(group) ?? [];
    this.#groups.set(group, ends);
    ends[shard] = end;
  }

  #clear(): void {
    this.#groups.clear();
    this.#count = 0;
  }
}
