import type { Measured } from "./asking.ts";

/** By the part's name: what it did, round by round. */
export type Turns<K extends string> = Readonly<Record<K, readonly Measured[]>>;

/**
 * Lets parts take turns, so that what else the machine does takes from all of them. The first round is for the
 * compiler and the caches.
 *
 * @param say is told each round's rates.
 */
export async function takeTurns<K extends string>(
  rounds: number,
  parts: Readonly<Record<K, () => Promise<Measured>>>,
  say: (line: string) => void,
): Promise<Turns<K>> {
  const names = Object.keys(parts) as K[];
  const found = Object.fromEntries(names.map((name) => [name, [] as Measured[]])) as {
    [name in K]: Measured[];
  };
  for (let round = 0; round <= rounds; round += 1) {
    const rates: string[] = [];
    for (const name of names) {
      const measured = await parts[name]();
      if (round > 0) found[name].push(measured);
      rates.push(`${name} ${measured.perSecond.toFixed(0)}/s`);
    }
    say(`round ${round}/${rounds}: ${rates.join(", ")}`);
  }
  return found;
}

/** One round each of two parts that took turns. */
export const pairsOf = (
  ours: readonly Measured[],
  other: readonly Measured[],
  measure: (measured: Measured) => number,
): readonly { readonly ours: number; readonly other: number }[] =>
  ours.map((one, round) => ({
    ours: measure(one),
    other: measure(other[round] ?? { perSecond: Number.NaN, latenciesUs: [] }),
  }));
