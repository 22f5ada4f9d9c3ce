import { availableParallelism, loadavg } from "node:os";
import { measureCommands } from "./durable/commands.ts";
import { measureHandoff, measureReplay } from "./durable/loading.ts";
import { measureMemory } from "./durable/memory.ts";
import { type Part, parseOptions } from "./durable/options.ts";
import { openScene, type Scene } from "./durable/scene.ts";
import type { Bench, Row } from "./support/bench.ts";
import { type Figure, rowOf } from "./support/figures.ts";

const parts: Readonly<Record<Part, (scene: Scene, rounds: number) => Promise<readonly Figure[]>>> =
  {
    commands: measureCommands,
    replay: measureReplay,
    handoff: measureHandoff,
    memory: measureMemory,
  };

export const bench: Bench = {
  title:
    "durable commands beside bare inserts of the same rows, in the same batches, on the same server; loading; memory",
  flags: ["only"],
  check: (flags) => void parseOptions(flags),
  async run({ rounds = 7, progress, flags }) {
    const rows: Row[] = [];
    for (const part of parseOptions(flags)) {
      // Each begins with an empty server.
      const scene = await openScene(progress);
      try {
        rows.push(...(await parts[part](scene, rounds)).map(rowOf));
      } finally {
        await scene.close();
      }
    }
    // Others on the machine make every figure worse: a table means little without their share.
    const load = loadavg()[1]?.toFixed(1);
    progress(`load average ${load} on ${availableParallelism()} processors`);
    return rows;
  },
};
