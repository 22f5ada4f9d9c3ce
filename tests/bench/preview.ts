import { startCluster, type TestCluster } from "../cluster/harness.ts";
import { pick } from "../cluster/support.ts";
import { quantile } from "./support/bench.ts";
import { benchOf } from "./support/bench-of.ts";
import { type Figure, figureOf } from "./support/figures.ts";
import { withPostgres } from "./support/postgres.ts";

const shards = 10_000;
const boundMs = 300;
const asksPerRound = 10;

/** Two nodes of three count next to nothing: all that they have moves. */
const light = { "node-1": 0.0001, "node-2": 0.0001 };

export const bench = benchOf({
  title: `a preview that moves two thirds of ${shards.toLocaleString("en")} shards, over HTTP (bound: ${boundMs} ms)`,
  figures: ({ rounds = 5, progress }) =>
    withPostgres(async ({ url: databaseUrl }) => {
      const cluster = await startCluster({ nodes: 3, shards, ttlMs: 5_000, databaseUrl });
      try {
        return await measure(cluster, rounds, progress);
      } finally {
        await cluster.destroy();
      }
    }),
});

async function measure(
  cluster: TestCluster,
  rounds: number,
  progress: (line: string) => void,
): Promise<Figure[]> {
  await cluster.waitForStableOwnership();
  const leader = await pick(cluster, "coordinator");
  const other = await pick(cluster, "candidate");
  const found: Record<"leads" | "other" | "few", number>[] = [];
  // The first round is for the compiler.
  for (let round = 0; round <= rounds; round += 1) {
    const leads = await p50Of(() => ask(leader.url, { weights: light }));
    const few = await p50Of(() => ask(leader.url, { weights: light, maxMoves: 0 }));
    const one = { leads, other: await p50Of(() => ask(other.url, { weights: light })), few };
    progress(`round ${round}/${rounds}: ${JSON.stringify(one)}`);
    if (round > 0) found.push(one);
  }
  const bound = { bound: { atMost: boundMs, of: "ours" } } as const;
  const pairs = (ours: "leads" | "other", beside: "leads" | "few") =>
    found.map((one) => ({ ours: one[ours], other: one[beside] }));
  return [
    figureOf("p50 ms, of the node that leads", "with no moves", pairs("leads", "few"), bound),
    figureOf("p50 ms, of another node", "of the one that leads", pairs("other", "leads"), bound),
  ];
}

async function p50Of(run: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < asksPerRound; turn += 1) {
    const startMs = performance.now();
    await run();
    times.push(performance.now() - startMs);
  }
  return quantile(times, 0.5);
}

/** Until all of the answer is read as JSON. */
async function ask(url: string, whatIf: object): Promise<void> {
  const response = await fetch(`${url}/v1/plans/preview`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ kind: "rebalance", whatIf }),
  });
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}.`);
  await response.json();
}
