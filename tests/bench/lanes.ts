import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbedded } from "@leasehold/db/embedded";
import { bare } from "./lanes/bare.ts";
import { openCrossing } from "./lanes/crossing.ts";
import { type BenchNode, leaseTtlMs, openNode, type Turn } from "./lanes/node.ts";
import { type Bench, type BenchOptions, quantile, type Row } from "./support/bench.ts";

const turnMs = 2_000;
const batches = 2_000;
const batchSize = 64;

const median = (values: readonly number[]): number => quantile(values, 0.5);

export const bench: Bench = {
  title:
    "handlers that compute for 0.5 ms at 1 and 2 lanes, turn by turn; what it costs to cross to a lane",
  async run({ rounds = 5, progress }) {
    const rows = [
      await measureCrossing(rounds, progress),
      ...(await measureNodes(rounds, progress)),
    ];
    progress(`load average ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} processors`);
    return rows;
  },
};

async function measureCrossing(rounds: number, progress: BenchOptions["progress"]): Promise<Row> {
  const crossing = await openCrossing();
  try {
    const found: number[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const each: number[] = [];
      for (let batch = 0; batch < batches; batch += 1) each.push(await crossing.batch(batchSize));
      // The first round compiles.
      if (round > 0) found.push(...each);
      progress(`crossing, round ${round} of ${rounds}: ${median(each).toFixed(2)} us`);
    }
    return {
      what: `there and back, ${batchSize} in one go, per request (us, p50)`,
      "1 lane": median(found).toFixed(2),
      "2 lanes": "-",
      ratio: "-",
      range: `p99 ${quantile(found, 0.99).toFixed(2)}`,
      wanted: "<= 10 (5 a message)",
    };
  } finally {
    await crossing.close();
  }
}

async function measureNodes(rounds: number, progress: BenchOptions["progress"]): Promise<Row[]> {
  const dataDir = await mkdtemp(join(tmpdir(), "leasehold-bench-"));
  const postgres = await startEmbedded({ dataDir, port: 0 });
  const nodes: BenchNode[] = [];
  try {
    for (const lanes of [1, 2]) nodes.push(await openNode(postgres.url, lanes));
    const [one, two] = nodes as [BenchNode, BenchNode];
    const turns: Pair[] = [];
    for (const node of nodes) await node.work(turnMs / 2);
    for (let round = 1; round <= rounds; round += 1) {
      const turn = {
        ...{ one: await one.work(turnMs), two: await two.work(turnMs) },
        ...{ bareOne: await bare(1, turnMs / 2), bareTwo: await bare(2, turnMs / 2) },
      };
      turns.push(turn);
      progress(`round ${round} of ${rounds}: ${ratioOf(turn).toFixed(2)} x`);
    }
    const most = (of: (turn: Turn) => number): string =>
      Math.max(...turns.map((turn) => of(turn.two))).toFixed(0);
    const renewals = {
      what: `oldest renewal of a lease while both lanes were busy (ms, ttl ${leaseTtlMs})`,
      ...{ "1 lane": "-", "2 lanes": most(({ oldestMs }) => oldestMs), ratio: "-" },
      range: `main thread busy for ${most(({ longestMs }) => longestMs)} ms at most; ${two.losses()} leases lost`,
      wanted: `< ${leaseTtlMs / 2}; 0`,
    };
    return [...rowsOf(turns), renewals];
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

interface Pair {
  readonly one: Turn;
  readonly two: Turn;
  readonly bareOne: number;
  readonly bareTwo: number;
}

const ratioOf = ({ one, two }: Pair): number => two.perSecond / one.perSecond;

function rowsOf(turns: readonly Pair[]): Row[] {
  const row = (
    what: string,
    of: (pair: Pair) => readonly [number, number],
    wanted: string,
  ): Row => {
    const pairs = turns.map(of);
    const ratios = pairs.map(([first, second]) => second / first);
    return {
      what,
      "1 lane": Math.round(median(pairs.map(([first]) => first))),
      "2 lanes": Math.round(median(pairs.map(([, second]) => second))),
      ratio: median(ratios).toFixed(2),
      range: `${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}`,
      wanted,
    };
  };
  return [
    row("0.5 ms of work, per second", ({ one, two }) => [one.perSecond, two.perSecond], ">= 1.7"),
    row("the same in bare threads", ({ bareOne, bareTwo }) => [bareOne, bareTwo], "2: free cores"),
  ];
}
