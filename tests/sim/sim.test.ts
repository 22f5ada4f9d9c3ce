import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { simulate } from "@leasehold/sharding/testkit";
import { describe, expect, test } from "vitest";
import { failedSeeds } from "./failed-seeds.ts";
import { mutants } from "./mutants.ts";

const program = fileURLToPath(new URL("./main.ts", import.meta.url));
const planter = new URL("./mutant.ts", import.meta.url).href;
const seeds = 150;

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
    timeout: 120_000,
  }, async () => {
    const coverage = new Map<string, number>();
    for (let seed = 1; seed <= seeds; seed += 1) {
      const result = await simulate({ seed });
      expect(result.violations, `pnpm sim --seed ${seed}`).toEqual([]);
      for (const [what, count] of result.coverage)
        coverage.set(what, (coverage.get(what) ?? 0) + count);
    }
    for (const what of [
      "node-dead",
      "handoff-began",
      "shard-assigned",
      "coordinator-elected",
      "ask answered",
    ]) {
      expect(coverage.get(what), what).toBeGreaterThan(seeds / 4);
    }
  });

  test.each(mutants)(
    "sees $name within $seeds seeds",
    { timeout: 120_000 },
    async ({ name, seeds: limit }) => {
      const child = spawn(
        process.execPath,
        ["--import", planter, program, "--seeds", String(limit), "--first"],
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
      expect(output).toMatch(/^seed \d+: S/m);
    },
  );
});
