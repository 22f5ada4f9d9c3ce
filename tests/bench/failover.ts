import { availableParallelism, loadavg } from "node:os";
import { crash, freeze } from "./failover/crash.ts";
import { leaveAndJoin } from "./failover/moves.ts";
import { type FailoverOptions, parseOptions } from "./failover/options.ts";
import { restartPostgres } from "./failover/restart.ts";
import { type Figure, rowOf } from "./failover/rows.ts";
import { openScene, type Scene, takeOverFloor } from "./failover/scene.ts";
import { type Bench, quantile, type Row } from "./support/bench.ts";
import { peerOf } from "./support/options.ts";
import { withPostgres } from "./support/postgres.ts";

export const bench: Bench = {
  title:
    "how long a cluster of three nodes is away when one fails, leaves or joins, beside the bounds of the design (ttl 5 s)",
  flags: ["shards", "only", "peer"],
  check: (flags) => void [parseOptions(flags), peerOf(flags)],
  async run({ rounds = 20, progress, flags }) {
    const options = parseOptions(flags);
    const startMs = performance.now();
    const rows: Row[] = [];
    const ours: Figure[] = [];
    for (const shards of options.shards) {
      const scene = await openScene(shards, progress);
      try {
        const figures = await measure(scene, options, rounds);
        ours.push(...figures);
        rows.push(...figures.map((figure) => rowOf(shards, figure)));
      } finally {
        await scene.close();
      }
    }
    if (peerOf(flags) !== null) {
      rows.push(...(await besideEffect(ours, Math.ceil(rounds / 4), progress)));
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

/** Ours is the floor that Effect's are held against: the ratio says how much longer it takes. */
async function besideEffect(
  figures: readonly Figure[],
  rounds: number,
  progress: (line: string) => void,
): Promise<readonly Row[]> {
  const { measureEffect, shards, whats } = await import("./peers/effect-failover.ts");
  const ours = Object.entries(whats).flatMap(([scenario, what]) => {
    const found = figures.find((figure) => figure.what === what);
    return found === undefined
      ? []
      : [[scenario, { name: "ours", ms: quantile(found.timesMs, 0.5) }]];
  });
  const effect = await withPostgres(({ url }) =>
    measureEffect({ serverUrl: url, rounds, progress, ours: Object.fromEntries(ours) }),
  );
  return effect.map((figure) => rowOf(shards, figure));
}

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
