import type { Outcome } from "../live/send-command.ts";
import type { Pos, Reel, TapeEntry } from "../wire/tape.ts";
import { findReel, readReel } from "./tape-client.ts";
import type { At } from "./tape-source.ts";

/** So many reels are at hand at once: a minute of the busiest cluster, hours of a calm one. */
const keptReels = 8;

/** The reels that this page has read, most recently used last. */
export class Reels {
  #kept: Reel[] = [];
  /** What is read ahead, one at a time. */
  #ahead: Promise<unknown> | null = null;

  async at(at: At): Promise<Outcome<Reel>> {
    // What is at hand waits for nothing; else what is on its way may be it.
    if (this.peek(at) === null) await this.#ahead;
    const kept = this.peek(at);
    if (kept !== null) return { ok: true, body: kept };
    return await this.#read(at);
  }

  /** As {@link at}, but that there is no such moment is an answer: null. */
  async find(pos: Pos): Promise<Outcome<Reel | null>> {
    const kept = this.peek({ pos });
    if (kept !== null) return { ok: true, body: kept };
    const outcome = await findReel(pos);
    if (outcome.ok && outcome.body !== null) this.#keep(outcome.body);
    return outcome;
  }

  /**
   * Reads what will probably be asked for next. That it cannot be had is said to whoever does ask for it.
   *
   * @returns null where it cannot be had, or another one was on its way.
   */
  async readAhead(at: At): Promise<Reel | null> {
    if (this.peek(at) === null) {
      this.#ahead ??= this.#read(at).finally(() => {
        this.#ahead = null;
      });
      await this.#ahead;
    }
    return this.peek(at);
  }

  /** The reel where it is at hand and reaches that far. */
  peek(at: At): Reel | null {
    const index = this.#kept.findIndex((it) => covers(it, at));
    const found = this.#kept[index];
    if (found === undefined) return null;
    this.#kept.splice(index, 1);
    this.#kept.push(found);
    return found;
  }

  async #read(at: At): Promise<Outcome<Reel>> {
    const outcome = await readReel(at);
    if (outcome.ok) this.#keep(outcome.body);
    return outcome;
  }

  #keep(reel: Reel): void {
    this.#kept = this.#kept.filter((it) => it.keyframe.pos !== reel.keyframe.pos);
    this.#kept.push(reel);
    if (this.#kept.length > keptReels) this.#kept.shift();
  }
}

/** The newest reel grows: it covers what it had when it was read, and no more. */
function covers({ keyframe, entries, nextPos }: Reel, at: At): boolean {
  const last = entries.at(-1) ?? keyframe;
  if ("atMs" in at) return at.atMs >= keyframe.atMs && at.atMs < last.atMs;
  return at.pos >= keyframe.pos && (nextPos === null ? at.pos <= last.pos : at.pos < nextPos);
}

/** The last entry that was not later; the keyframe where that is before all of them. */
export function posAt({ keyframe, entries }: Reel, atMs: number): Pos {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle] as TapeEntry).atMs <= atMs) low = middle + 1;
    else high = middle;
  }
  return entries[low - 1]?.pos ?? keyframe.pos;
}

/** Whether something happened: not merely that time passed or nodes were heard. */
const isEvent = ({ tag }: TapeEntry): boolean => tag !== "heard" && tag !== "tick";

/** The next or previous event within the reel; null where it has none on that side. */
export function eventBeside({ entries }: Reel, pos: Pos, direction: 1 | -1): TapeEntry | null {
  const found =
    direction === 1
      ? entries.find((it) => it.pos > pos && isEvent(it))
      : entries.findLast((it) => it.pos < pos && isEvent(it));
  return found ?? null;
}
