import type { JournalChange } from "../adapters/memory/memory-journal-tables.ts";
import { shardKey } from "../core/ids.ts";

interface Head {
  readonly epoch: number;
  readonly incarnation: string;
  seq: number;
}

/**
 * Judges a journal by what took effect in it, one change at a time: `onJournal(check.see)`.
 *
 * S4: a head's epoch only grows, and what commits does so under the head's epoch and life.
 * S5: positions of a shard and versions of an entity have no gap, and a command or a key takes effect
 * once.
 */
export class JournalCheck {
  readonly #heads = new Map<string, Head>();
  readonly #versions = new Map<string, number>();
  readonly #commands = new Map<string, string>();
  readonly #keys = new Set<string>();

  /** How many events have committed. */
  events = 0;

  /** Ids of commands that have taken effect: what was acknowledged must be among them (S5). */
  has(commandId: string): boolean {
    return this.#commands.has(commandId);
  }

  /** The highest committed version; 0 where there is none. */
  versionOf(namespace: string, type: string, id: string): number {
    return this.#versions.get(`${namespace}/${type}/${id}`) ?? 0;
  }

  /** @throws naming the invariant. */
  readonly see = (change: JournalChange): void => {
    if (change.tag === "head-claimed") this.#claimed(change);
    else if (change.tag === "event-committed") this.#committed(change);
    else this.#kept(change);
  };

  #claimed({ epoch, incarnation, lastSeq, ...shard }: Tagged<"head-claimed">): void {
    const head = this.#heads.get(shardKey(shard));
    const where = `${shardKey(shard)} at epoch ${epoch}`;
    if (head !== undefined && head.epoch >= epoch) {
      throw new Error(`S4: the head of ${where} was claimed after epoch ${head.epoch}.`);
    }
    if (lastSeq !== (head?.seq ?? 0)) throw new Error(`S5: the head of ${where} forgot events.`);
    this.#heads.set(shardKey(shard), { epoch, incarnation, seq: lastSeq });
  }

  #committed(change: Tagged<"event-committed">): void {
    const { epoch, incarnation, shardSeq, namespace, type, id, version, commandId } = change;
    const head = this.#heads.get(shardKey(change));
    const key = `${namespace}/${type}/${id}`;
    const what = `event ${version} of ${key}, ${shardKey(change)} at epoch ${epoch},`;
    if (head?.epoch !== epoch || head.incarnation !== incarnation) {
      throw new Error(`S4: ${what} committed under the head of epoch ${head?.epoch ?? "none"}.`);
    }
    if (shardSeq !== head.seq + 1) throw new Error(`S5: ${what} is ${shardSeq} of its shard.`);
    if (version !== (this.#versions.get(key) ?? 0) + 1) throw new Error(`S5: ${what} left a gap.`);
    const before = this.#commands.get(commandId);
    if (before !== undefined && before !== `${key} ${version - 1}`) {
      throw new Error(`S5: ${what} is of a command that took effect before.`);
    }
    head.seq = shardSeq;
    this.events += 1;
    this.#versions.set(key, version);
    this.#commands.set(commandId, `${key} ${version}`);
  }

  #kept({ namespace, type, id, key, commandId }: Tagged<"outcome-kept">): void {
    const name = JSON.stringify([namespace, type, id, key]);
    if (this.#keys.has(name)) throw new Error(`S5: a second outcome under ${name}.`);
    this.#keys.add(name);
    if (!this.#commands.has(commandId)) this.#commands.set(commandId, "outcome only");
  }
}

type Tagged<Tag extends JournalChange["tag"]> = Extract<JournalChange, { tag: Tag }>;
