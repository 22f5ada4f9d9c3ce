import { shardKey } from "../../core/ids.ts";
import type { Append } from "../../ports/journal.ts";

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
  readonly #ends = new Map<string, End>();
  #count = 0;

  /** The shard's last event, as it was left; -1: not known. */
  lastSeqOf({ group, shard, epoch }: Append): number {
    const end = this.#ends.get(shardKey({ group, shard }));
    return end?.epoch === epoch ? end.lastSeq : -1;
  }

  /** Whether the entity has this append's version, if its shard still ends where it was left. */
  knows(append: Append): boolean {
    const end = this.#ends.get(shardKey(append));
    return end?.epoch === append.epoch && end.versions.get(entityOf(append)) === append.version;
  }

  /** These were written, and a shard's events end at `lastSeq`. */
  wrote(appends: readonly Append[], lastSeqOf: (append: Append) => number): void {
    if (this.#count > limit) this.#clear();
    for (const append of appends) {
      const { epoch, version, events } = append;
      const key = shardKey(append);
      let end = this.#ends.get(key);
      if (end?.epoch !== epoch) {
        this.#count -= end?.versions.size ?? 0;
        end = { epoch, lastSeq: 0, versions: new Map() };
        this.#ends.set(key, end);
      }
      end.lastSeq = lastSeqOf(append);
      const entity = entityOf(append);
      if (!end.versions.has(entity)) this.#count += 1;
      end.versions.set(entity, version + events.length);
    }
  }

  /** Something else was sent for these shards, or nobody knows what became of it. */
  forget(appends: readonly Append[]): void {
    for (const append of appends) {
      const key = shardKey(append);
      this.#count -= this.#ends.get(key)?.versions.size ?? 0;
      this.#ends.delete(key);
    }
  }

  #clear(): void {
    this.#ends.clear();
    this.#count = 0;
  }
}

/** No part can contain the separator: the journal refuses such texts. */
const entityOf = ({ namespace, type, id }: Append): string => `${namespace}\0${type}\0${id}`;
