import { readFile, writeFile } from "node:fs/promises";
import { type Baseline, type Compared, compare, ratiosOf, rowOfCompared } from "./gate/compare.ts";
import type { Bench, BenchOptions } from "./support/bench.ts";
import type { Figure } from "./support/figures.ts";

const committed = new URL("./baseline.json", import.meta.url);

type Measure = (options: BenchOptions) => Promise<readonly Figure[]>;

/** The cheap ones, a part of each: what a change of the data plane would show in. */
const gated: Readonly<Record<string, { readonly only?: string; load(): Promise<Measure> }>> = {
  ask: { only: "local,remote", load: async () => (await import("./ask.ts")).bench.figures },
  durable: { only: "commands", load: async () => (await import("./durable.ts")).bench.figures },
  mesh: { load: async () => (await import("./mesh.ts")).bench.figures },
};

export const bench: Bench = {
  title: "ratios of a short run beside the committed ones: one that lost more than a fifth fails",
  flags: ["update"],
  async run({ rounds = 3, progress, flags }) {
    const measure = async (name: string): Promise<readonly Figure[]> => {
      const { only, load } = gated[name] as (typeof gated)[string];
      const figures = await load();
      return await figures({ rounds, progress, flags: only === undefined ? {} : { only } });
    };
    if (flags["update"] !== undefined) return await update(measure);
    const baseline = JSON.parse(await readFile(committed, "utf8")) as Baseline;
    const all: Compared[] = [];
    for (const name of Object.keys(gated)) {
      const first = compare(baseline, name, await measure(name));
      all.push(
        ...(await confirmed(first, async () => compare(baseline, name, await measure(name)))),
      );
    }
    const worse = all.filter(({ isWorse }) => isWorse);
    for (const { bench: name, what } of worse) progress(`WORSE: ${name}, ${what}`);
    if (worse.length > 0) process.exitCode = 1;
    return all.map(rowOfCompared);
  },
};

/** What is worse is measured once more: others on the machine are not what the gate is for. */
async function confirmed(
  first: readonly Compared[],
  again: () => Promise<readonly Compared[]>,
): Promise<readonly Compared[]> {
  if (!first.some(({ isWorse }) => isWorse)) return first;
  const second = new Map((await again()).map((one) => [one.what, one]));
  return first.map((one) => (one.isWorse ? (second.get(one.what) ?? one) : one));
}

async function update(measure: (name: string) => Promise<readonly Figure[]>) {
  const baseline: Record<string, Readonly<Record<string, number>>> = {};
  for (const name of Object.keys(gated)) baseline[name] = ratiosOf(await measure(name));
  await writeFile(committed, `${JSON.stringify(baseline, null, 2)}\n`);
  return Object.entries(baseline).flatMap(([name, ratios]) =>
    Object.entries(ratios).map(([what, ratio]) => ({ bench: name, what, ratio })),
  );
}
