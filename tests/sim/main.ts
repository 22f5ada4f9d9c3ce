/** `pnpm sim --seed N` replays one run; `pnpm sim --seeds N [--from M] [--minutes T] [--first]` runs many. */
import { parseArgs } from "node:util";
import { type SimResult, simulate } from "@leasehold/sharding/testkit";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    minutes: { type: "string", default: "10" },
    first: { type: "boolean", default: false },
  },
});

function tell({ seed, violations, faults, transcript }: SimResult): void {
  console.log(`seed ${seed}: ${violations[0]}\n  replay: pnpm sim --seed ${seed}`);
  console.log(faults.map((fault) => `  ${JSON.stringify(fault)}`).join("\n"));
  console.log(transcript.slice(-15).join("\n"));
}

async function replay(seed: number): Promise<boolean> {
  const result = await simulate({ seed });
  console.log(result.transcript.join("\n"));
  console.log(`seed ${seed}: ${result.violations.length} violations, hash ${result.hash >>> 0}`);
  return result.violations.length === 0;
}

async function soak(): Promise<boolean> {
  const from = Number(values.from);
  const until = from + Number(values.seeds);
  const startMs = performance.now();
  const endMs = startMs + Number(values.minutes) * 60_000;
  let failed = 0;
  let ran = 0;
  for (let seed = from; seed < until && performance.now() < endMs; seed += 1) {
    const result = await simulate({ seed });
    ran += 1;
    if (result.violations.length > 0) {
      failed += 1;
      tell(result);
      if (values.first) break;
    }
    if (ran % 100 === 0) {
      const perSecond = ran / ((performance.now() - startMs) / 1000);
      console.log(`${ran} seeds, ${perSecond.toFixed(1)}/s, ${failed} failed`);
    }
  }
  console.log(`${ran} seeds from ${from}, ${failed} failed`);
  return failed === 0;
}

const isClean = values.seed === undefined ? await soak() : await replay(Number(values.seed));
process.exitCode = isClean ? 0 : 1;
