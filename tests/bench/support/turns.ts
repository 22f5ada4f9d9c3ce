import type { Measured } from "./asking.ts";
import type { Pair } from "./figures.ts";
import { quietCores } from "./quiet-cores.ts";

/** What takes turns, by its name; one that is left out does not take part. */
export type Parts = { readonly [name: string]: (() => Promise<Measured>) | undefined };
/** By the part's name: what it did, round by round. */
export type Turns<P extends Parts> = { readonly [name in keyof P]: readonly Measured[] };

/**
 * Lets parts take turns, so that what else the machine does takes from all of them. The first round is for the
 * compiler and the caches.
 *
 * @param say is told each round's rates, and how often somebody else was at work when a part began.
 * @param quiet waits a while before each part. @returns whether nobody else is at work.
 */
export async function takeTurns<P extends Parts>(
  rounds: number,
  parts: P,
  say: (line: string) => void,
  quiet: () => Promise<boolean> = quietCores,
): Promise<Turns<P>> {
  const found: Record<string, Measured[]> = {};
  for (let round = 0; round <= rounds; round += 1) {
    const rates: string[] = [];
    let disturbed = 0;
    for (const [name, run] of Object.entries(parts)) {
      if (run === undefined) continue;
      if (!(await quiet())) disturbed += 1;
      const measured = await run();
      found[name] ??= [];
      if (round > 0) found[name].push(measured);
      rates.push(`${name} ${measured.perSecond.toFixed(0)}/s`);
    }
    const others = disturbed === 0 ? "" : ` (others at work, ${disturbed} of ${rates.length})`;
    say(`round ${round}/${rounds}: ${rates.join(", ")}${others}`);
  }
  return found as Turns<P>;
}

/** Of two parts that took turns. */
export const pairsOf = (
  ours: readonly Measured[],
  other: readonly Measured[],
  measure: (measured: Measured) => number,
): readonly Pair[] =>
  ours.map((one, round) => ({
    ours: measure(one),
    other: measure(other[round] ?? { perSecond: Number.NaN, latenciesUs: [] }),
  }));
