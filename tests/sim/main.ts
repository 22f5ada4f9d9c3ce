/**
 * `pnpm sim --seed N` replays one run; `pnpm sim --seeds N [--from M] [--minutes T] [--first] [--coverage]`
 * runs many. `--only crash,move` draws from these kinds of step only,
 * `--proxies N` adds so many to the three nodes, `--lanes N` gives each node so many, `--steps N` draws so many, `--schedule <JSON>` does these and draws none.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { onlyKinds, type SimResult, shrink, simulate } from "@leasehold/sharding/testkit";
import { type SimPlan, soak } from "./soak.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    minutes: { type: "string", default: "10" },
    first: { type: "boolean", default: false },
    threads: { type: "string", default: String(availableParallelism()) },
    coverage: { type: "boolean", default: false },
    only: { type: "string" },
    proxies: { type: "string" },
    lanes: { type: "string" },
    steps: { type: "string" },
    schedule: { type: "string" },
  },
});

const proxies = Number(values.proxies ?? 0);
const plan: SimPlan = {
  ...{ weights: onlyKinds(values.only), nodes: 3 + proxies, proxies },
  lanes: Number(values.lanes ?? 1),
  ...(values.steps === undefined ? {} : { stepCount: Number(values.steps) }),
  ...(values.schedule === undefined ? {} : { steps: JSON.parse(values.schedule) }),
};

/** A seed says nothing without them. */
const flags = (["only", "proxies", "lanes", "steps", "schedule"] as const)
  .filter((name) => values[name] !== undefined)
  .map((name) => ` --${name} '${values[name]}'`)
  .join("");

/** What broke, how to see it again, and the shortest schedule that breaks it. */
async function tell(failed: SimResult): Promise<void> {
  const { seed } = failed;
  console.log(`seed ${seed}: ${failed.violations[0]}\n  replay: pnpm sim --seed ${seed}${flags}`);
  const short = await shrink({ seed, ...plan }, failed);
  console.log(`  ${short.steps.length} of its ${failed.steps.length} steps are enough:`);
  for (const step of short.steps) console.log(`    ${JSON.stringify(step)}`);
  console.log(short.transcript.slice(-15).join("\n"));
}

async function replay(seed: number): Promise<boolean> {
  const result = await simulate({ seed, ...plan });
  console.log(result.transcript.join("\n"));
  if (result.violations.length > 0) await tell(result);
  console.log(`seed ${seed}: ${result.violations.length} violations, hash ${result.hash >>> 0}`);
  return result.violations.length === 0;
}

async function many(): Promise<boolean> {
  const { from, seeds, minutes, threads, first } = values;
  const result = await soak({
    ...{ from: Number(from), seeds: Number(seeds), threads: Number(threads), first },
    plan,
    limitMs: Number(minutes) * 60_000,
    progress: (line) => console.log(line),
  });
  for (const seed of result.failed.slice(0, 5)) await tell(await simulate({ seed, ...plan }));
  if (values.coverage) {
    for (const [what, count] of [...result.coverage].sort()) console.log(`${count}\t${what}`);
  }
  const { ran, failed, perSecond } = result;
  console.log(`${ran} seeds from ${from}, ${failed.length} failed, ${perSecond.toFixed(1)}/s`);
  if (failed.length > 0) console.log(`failed: ${failed.join(" ")}`);
  return failed.length === 0;
}

const isClean = values.seed === undefined ? await many() : await replay(Number(values.seed));
process.exitCode = isClean ? 0 : 1;
