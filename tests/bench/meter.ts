import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { openScene } from "./balance/scene.ts";
import { type Bench, quantile } from "./support/bench.ts";

const program = fileURLToPath(new URL("./balance/asking-node.ts", import.meta.url));

async function open(databaseUrl: string, strategy: string): Promise<ChildProcess> {
  const child = fork(program, [databaseUrl, strategy]);
  await once(child, "message");
  return child;
}

async function ask(child: ChildProcess): Promise<number> {
  child.send("ask");
  const [us] = (await once(child, "message")) as [number];
  return us;
}

/**
 * A node that measures and one that does not, in turns: each pair has a difference of its own. Processor time,
 * because a few nanoseconds are less than what others on the machine take away.
 */
export const bench: Bench = {
  title:
    "what it costs to measure each shard's load: local asks with the strategy load and without",
  async run({ rounds = 25, progress }) {
    const scene = await openScene();
    const children: ChildProcess[] = [];
    try {
      for (const strategy of ["load", "least-loaded"]) {
        children.push(await open(scene.databaseUrl, strategy));
      }
      const [measured, plain] = children as [ChildProcess, ChildProcess];
      const found: { plain: number; measured: number }[] = [];
      for (let round = -2; round < rounds; round += 1) {
        const one = { measured: await ask(measured), plain: await ask(plain) };
        if (round >= 0) found.push(one);
        const us = `${one.measured.toFixed(2)} us where it is ${one.plain.toFixed(2)} us`;
        progress(`round ${round + 1}: ${us}`);
      }
      const ratios = found.map((one) => one.measured / one.plain);
      const costs = found.map((one) => 1_000 * (one.measured - one.plain));
      const middle = (values: readonly number[]): number => quantile(values, 0.5);
      return [
        {
          rounds,
          plainUs: middle(found.map((one) => one.plain)).toFixed(2),
          measuredUs: middle(found.map((one) => one.measured)).toFixed(2),
          ratio: middle(ratios).toFixed(3),
          ratioP25: quantile(ratios, 0.25).toFixed(3),
          ratioP75: quantile(ratios, 0.75).toFixed(3),
          nsPerAsk: Math.round(middle(costs)),
        },
      ];
    } finally {
      for (const child of children) {
        child.disconnect();
        await once(child, "exit");
      }
      await scene.close();
    }
  },
};
