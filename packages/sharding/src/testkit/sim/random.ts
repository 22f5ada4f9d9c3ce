/** A stream of random numbers. Each use has a stream of its own, so that leaving a fault out moves no other draw. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** In [from, to). */
  between(from: number, to: number): number;
  /** A whole number in [0, limit). */
  below(limit: number): number;
  /** @throws where there is nothing to pick from. */
  pick<T>(from: readonly T[]): T;
  chance(probability: number): boolean;
  /** A stream that depends on this one's seed and the name only. */
  fork(name: string): Random;
}

export function createRandom(seed: number): Random {
  let state = seed | 0;
  // Mulberry32.
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    below,
    between: (from, to) => from + next() * (to - from),
    chance: (probability) => next() < probability,
    pick<T>(from: readonly T[]): T {
      const one = from[below(from.length)];
      if (one === undefined) throw new Error("There is nothing to pick from.");
      return one;
    },
    fork: (name) => createRandom(fold(seed, name)),
  };
}

/** FNV-1a of 32 bits over the text, begun with a number. */
export function fold(start: number, text: string): number {
  let hash = start ^ 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash | 0;
}
