import { type EntityClient, startNode } from "@leasehold/sharding";
import { Counter } from "./ask/counter.ts";
import { Tally } from "./durable/tally.ts";
import { keepAsking } from "./support/asking.ts";
import { type Bench, quantile } from "./support/bench.ts";
import { collectGarbage } from "./support/collect-garbage.ts";
import { idsOf } from "./support/echo.ts";
import { rowOf } from "./support/figures.ts";
import { secondsOf } from "./support/options.ts";
import { withPostgres } from "./support/postgres.ts";
import { untilHosted } from "./support/until-hosted.ts";

const samples = 40;
const usualSeconds = 600;
const note = "x".repeat(24);

export const bench: Bench = {
  title:
    "ten minutes of volatile and durable asks: the heap of the last quarter beside that of the second",
  flags: ["seconds"],
  check: (flags) => void secondsOf(flags, usualSeconds),
  run: ({ progress, flags }) =>
    withPostgres(async ({ url }) => {
      const sliceMs = (secondsOf(flags, usualSeconds) * 1_000) / samples;
      const node = await startNode({ databaseUrl: url, entities: [Counter, Tally] });
      await untilHosted(node);
      const counters = idsOf().map((id) => node.entity(Counter, id));
      const tallies = idsOf().map((id) => node.entity(Tally, id));
      const heaps: number[] = [];
      for (let sample = 1; sample <= samples; sample += 1) {
        const rates = await slice(counters, tallies, sliceMs);
        heaps.push(await heapMb());
        progress(`${sample}/${samples}: ${heaps.at(-1)?.toFixed(1)} MB of heap, ${rates}`);
      }
      await node.stop();
      return [rowOf(growth(heaps))];
    }),
};

const at = <D extends typeof Counter | typeof Tally>(
  clients: readonly EntityClient<D>[],
  turn: number,
): EntityClient<D> => clients[turn % clients.length] as EntityClient<D>;

/** @returns the rates alone: what was measured for them must be gone when the heap is looked at. */
async function slice(
  counters: readonly EntityClient<typeof Counter>[],
  tallies: readonly EntityClient<typeof Tally>[],
  ms: number,
): Promise<string> {
  const [volatile, durable] = await Promise.all([
    keepAsking((turn) => at(counters, turn).add({ amount: 1, note }), 64, ms),
    keepAsking((turn) => at(tallies, turn).add({ by: 1 }), 64, ms),
  ]);
  return `${volatile.perSecond.toFixed(0)}/s volatile, ${durable.perSecond.toFixed(0)}/s durable`;
}

async function heapMb(): Promise<number> {
  await collectGarbage();
  return process.memoryUsage().heapUsed / 1e6;
}

/** The first quarter is for the compiler and the caches. */
function growth(heaps: readonly number[]) {
  const quarter = Math.floor(heaps.length / 4);
  const middleOf = (from: number) => quantile(heaps.slice(from, from + quarter), 0.5);
  const [early, late] = [middleOf(quarter), middleOf(heaps.length - quarter)];
  return {
    ...{ what: "MB of heap at the end", ours: late, beside: { name: "early on", value: early } },
    ...{ ratio: late / early, bound: { atMost: 1.05 } },
  } as const;
}
