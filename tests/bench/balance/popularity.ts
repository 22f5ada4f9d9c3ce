const count = 1_000;

/** Zipf's: the entity of rank r is asked for 1/r as often as the first one. */
const parts: readonly number[] = Array.from({ length: count }, (_, rank) => (rank + 1) ** -0.99);
const whole = parts.reduce((sum, part) => sum + part, 0);

/** Which entities are how popular; another round, other entities. */
export interface Popularity {
  readonly ids: readonly string[];
  /** Of all requests, by the index of `ids`. */
  readonly parts: readonly number[];
  draw(): string;
}

export function popularityOf(round: number): Popularity {
  const ids = parts.map((_, rank) => `r${round}-${rank}`);
  const shares = parts.map((part) => part / whole);
  return {
    ids,
    parts: shares,
    draw: () => {
      let left = Math.random();
      // Half of the draws end within the first thirty.
      const rank = shares.findIndex((part) => {
        left -= part;
        return left <= 0;
      });
      return ids[Math.max(0, rank)] as string;
    },
  };
}
