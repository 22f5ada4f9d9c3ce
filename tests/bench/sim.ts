import { availableParallelism } from "node:os";
import { soak } from "../sim/soak.ts";
import { type Bench, quantile, type Row } from "./support/bench.ts";

const seedsPerRound = 100;
const turnsPerRound = 200_000;

/** What one round measured, each a rate a second but `share`: events of the simulation for one bare turn. */
interface Round {
  readonly one: number;
  readonly all: number;
  readonly bare: number;
  readonly share: number;
}

/** Turns of a bare event loop: each event of a simulation needs one, so that its promises settle. */
async function bareTurnsPerSecond(): Promise<number> {
  const startMs = performance.now();
  for (let i = 0; i < turnsPerRound; i += 1) await new Promise((resolve) => setImmediate(resolve));
  return (1000 * turnsPerRound) / (performance.now() - startMs);
}

/** How many seeds a second, on one thread and on all, beside the bare turns that they need. */
export const bench: Bench = {
  title: "seeds of the simulation, against bare turns of the event loop",
  async run({ rounds = 3, progress }) {
    const found: Round[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const bare = await bareTurnsPerSecond();
      const from = 1 + round * seedsPerRound;
      const common = { from, seeds: seedsPerRound, first: false, plan: {}, progress };
      const limitMs = Number.POSITIVE_INFINITY;
      const one = await soak({ ...common, limitMs, threads: 1 });
      const all = await soak({ ...common, limitMs, threads: availableParallelism() });
      if (one.failed.length > 0) throw new Error(`Seeds failed: ${one.failed.join(" ")}`);
      const share = one.eventsPerSecond / bare;
      found.push({ one: one.perSecond, all: all.perSecond, bare, share });
      progress(`round ${round + 1}: ${one.perSecond.toFixed(1)} seeds/s on one thread`);
    }
    const row = (what: string, measure: keyof Round, digits: number): Row => {
      const values = found.map((it) => it[measure]);
      return {
        what,
        median: quantile(values, 0.5).toFixed(digits),
        worst: Math.min(...values).toFixed(digits),
        best: Math.max(...values).toFixed(digits),
      };
    };
    return [
      row("seeds/s, one thread", "one", 1),
      row("seeds/s, all cores", "all", 1),
      row("bare turns/s", "bare", 0),
      row("events/s of bare turns/s", "share", 3),
    ];
  },
};
