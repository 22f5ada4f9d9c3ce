import { availableParallelism, loadavg } from "node:os";
import { crash, freeze } from "./failover/crash.ts";
import { leaveAndJoin } from "./failover/moves.ts";
import { type FailoverOptions, parseOptions } from "./failover/options.ts";
import { restartPostgres } from "./failover/restart.ts";
import { type Figure, rowOf } from "./failover/rows.ts";
import { openScene, type Scene, takeOverFloor } from "./failover/scene.ts";
import type { Bench, Row } from "./support/bench.ts";

export const bench: Bench = {
  title:
    "how long a cluster of three nodes is away when one fails, leaves or joins, beside the bounds of the design (ttl 5 s)",
  flags: ["shards", "only"],
  check: (flags) => void parseOptions(flags),
  async run({ rounds = 20, progress, flags }) {
    const options = parseOptions(flags);
    const startMs = performance.now();
    const rows: Row[] = [];
    for (const shards of options.shards) {
      const scene = await openScene(shards, progress);
      try {
        const figures = await measure(scene, options, rounds);
        rows.push(...figures.map((figure) => rowOf(shards, figure)));
      } finally {
        await scene.close();
      }
    }
    const minutes = ((performance.now() - startMs) / 60_000).toFixed(1);
    // Others on the machine make every figure worse: a table means little without their share.
    const load = loadavg()[1]?.toFixed(1);
    progress(
      `took ${minutes} minutes; load average ${load} on ${availableParallelism()} processors`,
    );
    return rows;
  },
};

async function measure(
  scene: Scene,
  { only }: FailoverOptions,
  rounds: number,
): Promise<readonly Figure[]> {
  const floor = await takeOverFloor(scene);
  // These wait for a ttl, or tell of every moved shard: fewer of them say as much.
  const few = Math.ceil(rounds / 4);
  const figures: Figure[] = [];
  for (const role of ["coordinator", "node"] as const) {
    if (only.has(role)) figures.push(...(await crash(scene, role, rounds, floor)));
  }
  if (only.has("frozen")) figures.push(...(await freeze(scene, few)));
  if (only.has("leave") || only.has("join")) {
    const [left, joined] = await leaveAndJoin(scene, few);
    if (only.has("leave")) figures.push(left);
    if (only.has("join")) figures.push(joined);
  }
  if (only.has("postgres")) figures.push(...(await restartPostgres(scene, few)));
  return figures;
}
