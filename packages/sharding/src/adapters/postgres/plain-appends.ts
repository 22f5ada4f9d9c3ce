import type { Append } from "../../ports/journal.ts";
import type { KnownEnds } from "./known-ends.ts";
import type { WrittenAppend } from "./written-append.ts";

/** Events, no answer to keep, no timer to set or to have fired, nothing to remove. */
const isPlain = ({ outcome, timers, isRemoval, events }: Append): boolean =>
  events.length > 0 && outcome === null && timers === null && !isRemoval;

/** Whether one statement can have them all: it names one group and one life. */
export function areAlike(batch: readonly WrittenAppend[]): boolean {
  const first = batch[0]?.append;
  return batch.every(
    ({ append }) =>
      append.group === first?.group && append.incarnation === first.incarnation && isPlain(append),
  );
}

/** For `appendOne`, and with the shard's last event behind them for `appendNext`. */
export function valuesOfOne({ append, texts }: WrittenAppend): unknown[] {
  const { group, shard, epoch, incarnation, namespace, type, id, version, commandId } = append;
  const entity = [group, shard, epoch, incarnation, namespace, type, id];
  return [...entity, version + 1, commandId, texts[0]];
}

/** One shard's share of a batch. */
export interface ShardPart {
  /** Counted from 1. */
  readonly place: number;
  readonly epoch: number;
  added: number;
}

export interface ManyValues {
  readonly values: unknown[];
  readonly parts: ReadonlyMap<number, ShardPart>;
}

/** For `appendMany`; null where two of them have one shard under two epochs: one is fenced. */
export function valuesOfMany(batch: readonly WrittenAppend[], ends: KnownEnds): ManyValues | null {
  const parts = new Map<number, ShardPart>();
  const events = new EventColumns();
  const lastSeqs: number[] = [];
  for (const one of batch) {
    const { append } = one;
    const { shard, epoch } = append;
    let part = parts.get(shard);
    if (part === undefined) {
      part = { place: parts.size + 1, epoch, added: 0 };
      parts.set(shard, part);
      lastSeqs.push(ends.lastSeqOf(append));
    }
    if (part.epoch !== epoch) return null;
    events.add(one, part, ends.knows(one));
  }
  const { group, incarnation } = (batch[0] as WrittenAppend).append;
  const shares = [...parts.values()];
  const perShard = [
    [...parts.keys()],
    shares.map(({ epoch }) => epoch),
    shares.map(({ added }) => added),
    lastSeqs,
  ];
  return { values: [group, incarnation, ...perShard.map(listOf), ...events.lists()], parts };
}

class EventColumns {
  readonly #kinds = new Map<string, { readonly place: number; readonly append: Append }>();
  readonly #places: number[] = [];
  readonly #positions: number[] = [];
  readonly #kindOf: number[] = [];
  readonly #ids: string[] = [];
  readonly #versions: number[] = [];
  readonly #commands: string[] = [];
  readonly #indices: number[] = [];
  readonly #bodies: string[] = [];
  readonly #lookUps: number[] = [];

  add({ append, texts }: WrittenAppend, part: ShardPart, isKnown: boolean): void {
    const kind = this.#placeOf(append);
    for (const [index, text] of texts.entries()) {
      part.added += 1;
      this.#places.push(part.place);
      this.#positions.push(part.added);
      this.#kindOf.push(kind);
      this.#ids.push(append.id);
      this.#versions.push(append.version + index + 1);
      this.#commands.push(append.commandId);
      this.#indices.push(index);
      this.#bodies.push(text);
      this.#lookUps.push(index === 0 && !isKnown ? 1 : 0);
    }
  }

  lists(): unknown[] {
    const kinds = [...this.#kinds.values()].map(({ append }) => append);
    return [
      kinds.map(({ namespace }) => namespace),
      kinds.map(({ type }) => type),
      ...[this.#places, this.#positions, this.#kindOf].map(listOf),
      ...[textsOf(this.#ids), listOf(this.#versions), listOf(this.#commands)],
      ...[listOf(this.#indices), textsOf(this.#bodies), listOf(this.#lookUps)],
    ];
  }

  #placeOf(append: Append): number {
    const key = `${append.namespace}\0${append.type}`;
    const known = this.#kinds.get(key);
    if (known !== undefined) return known.place;
    const place = this.#kinds.size + 1;
    this.#kinds.set(key, { place, append });
    return place;
  }
}

/**
 * Texts as the server reads a list of them. The driver could do it, and needs a third of what an append costs a node
 * in a large batch.
 */
export const textsOf = (texts: readonly string[]): string => `{${texts.map(quoted).join(",")}}`;

const quoted = (text: string): string =>
  isPlainWord.test(text) ? text : `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

/** With a digit, so that it is not the word for no text at all. */
const isPlainWord = /^[a-z_-]*[0-9][a-z0-9_-]*$/;

/** Numbers and uuids need no quotes. */
const listOf = (list: readonly (string | number)[]): string => `{${list.join(",")}}`;
