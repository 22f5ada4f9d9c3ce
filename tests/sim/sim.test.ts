import { spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defaultWeights, laneWeights, simulate } from "@leasehold/sharding/testkit";
import { describe, expect, test } from "vitest";
import { failedSeeds } from "./failed-seeds.ts";
import { mutants } from "./mutants.ts";
import { soak } from "./soak.ts";

const program = fileURLToPath(new URL("./main.ts", import.meta.url));
const planter = new URL("./mutant.ts", import.meta.url).href;
/** What a run of everything sets is more. */
const seeds = Number(process.env["SIM_SEEDS"] ?? 100);

/** What a hundred seeds have to go through, each often: else the simulation looks at nothing. */
const events = [
  ...["coordinator-elected", "node-dead", "node-drained", "node-restored", "handoff-began"],
  ...["shard-assigned handoff", "shard-assigned abort", "shard-hosted", "shard-vacated"],
  ...["plan-proposed", "plan-state-changed", "move-state-changed", "shard-pinned"],
];
const steps = Object.keys(defaultWeights).map((kind) => `step ${kind}`);

describe("the simulation", () => {
  test("has one outcome per seed", async () => {
    const [one, again, other] = [
      await simulate({ seed: 7 }),
      await simulate({ seed: 7 }),
      await simulate({ seed: 8 }),
    ];
    expect(again.hash).toBe(one.hash);
    expect(again.transcript).toEqual(one.transcript);
    expect(other.hash).not.toBe(one.hash);
  });

  test.each(failedSeeds)("finds nothing any more with seed %i", async (seed) => {
    expect((await simulate({ seed })).violations).toEqual([]);
  });

  test(`finds nothing with ${seeds} seeds, in which shards move, die and are taken over`, {
    timeout: 600_000,
  }, async () => {
    const { failed, coverage, ran, perSecond } = await soak({
      ...{ from: 1, seeds, threads: availableParallelism(), first: true, plan: {} },
      ...{ limitMs: Number.POSITIVE_INFINITY, progress: (line) => console.log(line) },
    });
    console.log(`${ran} seeds, ${perSecond.toFixed(1)}/s`);
    expect(failed, `pnpm sim --seed ${failed[0]}`).toEqual([]);
    for (const what of [...events, ...steps, "ask answered"]) {
      expect(coverage.get(what) ?? 0, what).toBeGreaterThan(seeds / 20);
    }
  });

  test("finds nothing with a proxy beside three nodes, which never leads and never has a shard", {
    timeout: 600_000,
  }, async () => {
    const count = Math.ceil(seeds / 5);
    const { failed, coverage } = await soak({
      ...{ from: 1, seeds: count, threads: availableParallelism(), first: true },
      ...{ plan: { nodes: 4, proxies: 1 }, limitMs: Number.POSITIVE_INFINITY },
      progress: (line) => console.log(line),
    });
    expect(failed, `pnpm sim --proxies 1 --seed ${failed[0]}`).toEqual([]);
    expect(coverage.get("node-dead") ?? 0).toBeGreaterThan(count / 20);
  });

  test("finds nothing with entities in three lanes of each node", {
    timeout: 600_000,
  }, async () => {
    const count = Math.min(seeds, 100);
    const { failed, coverage } = await soak({
      ...{ from: 1, seeds: count, threads: availableParallelism(), first: true },
      ...{ plan: { lanes: 3 }, limitMs: Number.POSITIVE_INFINITY },
      progress: (line) => console.log(line),
    });
    expect(failed, `pnpm sim --lanes 3 --seed ${failed[0]}`).toEqual([]);
    const often = ["node-dead", "shard-assigned handoff", "shard-hosted", "ask answered"];
    const laneSteps = Object.keys(laneWeights).map((kind) => `step ${kind}`);
    for (const what of [...often, ...laneSteps]) {
      expect(coverage.get(what) ?? 0, what).toBeGreaterThan(count / 20);
    }
  });

  test.each(mutants)(
    "sees $name within $seeds seeds",
    { timeout: 600_000 },
    async ({ name, seeds: limit, args = [] }) => {
      const child = spawn(
        process.execPath,
        ["--import", planter, program, "--seeds", String(limit), "--first", ...args],
        {
          env: { ...process.env, MUTANT: name },
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      let output = "";
      child.stdout.on("data", (chunk) => {
        output += String(chunk);
      });
      await once(child, "close");
      expect(output).toMatch(/^seed \d+: [SL]\d/m);
    },
  );
});
