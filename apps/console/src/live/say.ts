/** A sentence with its values marked, so that a page can set them in another face. */
export type Sentence = readonly SentencePart[];
export type SentencePart = string | { readonly value: string };

/** say`${node} serves ${3} shards`: the interpolated parts are values. */
export function say(
  words: TemplateStringsArray,
  ...values: readonly (string | number)[]
): Sentence {
  const parts: SentencePart[] = [];
  words.forEach((word, index) => {
    if (word !== "") parts.push(word);
    const value = values[index];
    if (value !== undefined) parts.push({ value: String(value) });
  });
  return parts;
}

export const plain = (sentence: Sentence): string =>
  sentence.map((part) => (typeof part === "string" ? part : part.value)).join("");

/** `0.8 s`, `12 s`, `3 min`, `2 h`; below a second in tenths, because a lease is never "about 1 s". */
export function duration(ms: number): string {
  if (ms < 9950) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  if (ms < 99_500) return `${Math.round(ms / 1000)} s`;
  if (ms < 5_970_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

const groups = new Intl.NumberFormat("en-US");
export const count = (value: number): string => groups.format(value);

/** `1 shard`, `2 shards`. */
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;
