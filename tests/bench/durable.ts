import { measureAsks } from "./durable/asks.ts";
import { measureCommands } from "./durable/commands.ts";
import { measureHandoff, measureReplay } from "./durable/loading.ts";
import { measureMemory } from "./durable/memory.ts";
import { type MeasureOptions, openScene, type Scene } from "./durable/scene.ts";
import { benchOf } from "./support/bench-of.ts";
import type { Figure } from "./support/figures.ts";
import { partsOf, peerOf } from "./support/options.ts";

const parts = {
  asks: measureAsks,
  commands: measureCommands,
  replay: measureReplay,
  handoff: measureHandoff,
  memory: measureMemory,
} as const satisfies Readonly<
  Record<string, (scene: Scene, options: MeasureOptions) => Promise<readonly Figure[]>>
>;
const names = Object.keys(parts) as (keyof typeof parts)[];

export const bench = benchOf({
  title:
    "durable commands beside bare inserts of the same rows, in the same batches, on the same server; loading; memory",
  flags: ["only", "peer"],
  check: (flags) => void [partsOf(names, flags), peerOf(flags)],
  async figures({ rounds = 7, progress, flags }) {
    const figures: Figure[] = [];
    for (const part of partsOf(names, flags)) {
      // Each begins with an empty server.
      const scene = await openScene(progress);
      try {
        figures.push(...(await parts[part](scene, { rounds, peer: peerOf(flags) })));
      } finally {
        await scene.close();
      }
    }
    return figures;
  },
});
