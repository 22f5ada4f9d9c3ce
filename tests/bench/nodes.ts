import { type ShardingNode, startNode } from "@leasehold/sharding";
import { benchOf } from "./support/bench-of.ts";
import { type Figure, figureOf, medianOf } from "./support/figures.ts";
import { type BenchPostgres, createDatabase, withPostgres } from "./support/postgres.ts";
import { rateOfQueries } from "./support/queries.ts";
import { untilHosted } from "./support/until-hosted.ts";

/** The embedded server takes 200 connections, and a node that starts opens up to four. */
const counts = [3, 10, 25, 40] as const;
const shards = 1_000;
const steadyMs = 5_000;

interface Round {
  readonly hostedMs: number;
  readonly queriesPerNode: number;
  readonly leftMs: number;
}

export const bench = benchOf({
  title: `3 to 40 nodes in one process, over the real mesh, with ${shards.toLocaleString("en")} shards: a start, rest, and the leave of one`,
  figures: ({ rounds = 3, progress }) =>
    withPostgres(async (postgres) => {
      const figures: Figure[] = [];
      let few: readonly Round[] | null = null;
      for (const count of counts) {
        const found: Round[] = [];
        for (let round = 1; round <= rounds; round += 1) {
          const one = await measure(postgres, count, `n${count}r${round}`);
          found.push(one);
          progress(`${count} nodes, round ${round}/${rounds}: ${JSON.stringify(one)}`);
        }
        few ??= found;
        figures.push(...figuresOf(count, found, few));
      }
      return figures;
    }),
});

async function measure(postgres: BenchPostgres, count: number, name: string): Promise<Round> {
  const databaseUrl = await createDatabase(postgres.url, name);
  const startMs = performance.now();
  const start = (_: unknown, index: number): Promise<ShardingNode> =>
    startNode({ databaseUrl, nodeId: `node-${index + 1}`, shards, entities: [] });
  // The first one makes the tables.
  const first = await start(null, 0);
  const others = Array.from({ length: count - 1 }, (_, index) => start(_, index + 1));
  const nodes = [first, ...(await Promise.all(others))];
  try {
    await Promise.all(nodes.map(untilHosted));
    const hostedMs = performance.now() - startMs;
    await untilEven(nodes);
    // The first span still has the end of the start in it: connections that are let go, the log that is read.
    await rateOfQueries(postgres, steadyMs, name);
    const queriesPerNode = (await rateOfQueries(postgres, steadyMs, name)) / count;
    const leaver = nodes.pop() as ShardingNode;
    const leftMs = await leave(leaver, nodes);
    return { hostedMs, queriesPerNode, leftMs };
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
  }
}

/** From the order to leave until every other node knows a home of all shards that is not the one that left. */
async function leave(leaver: ShardingNode, others: readonly ShardingNode[]): Promise<number> {
  const startMs = performance.now();
  await leaver.drain(30_000);
  await leaver.stop();
  await Promise.all(others.map(untilHosted));
  return performance.now() - startMs;
}

/** Each node has its part, give or take one, and no shard is on its way. */
function untilEven(nodes: readonly ShardingNode[]): Promise<void> {
  const [observer] = nodes as [ShardingNode];
  const least = Math.floor(shards / nodes.length) - 1;
  const isEven = (): boolean => {
    const rows = observer.authority().state.shards.get("default") ?? [];
    const homes = new Map<string, number>();
    for (const row of rows) {
      if (row.state !== "hosted") return false;
      homes.set(row.owner.nodeId, (homes.get(row.owner.nodeId) ?? 0) + 1);
    }
    return homes.size === nodes.length && [...homes.values()].every((own) => own >= least);
  };
  return new Promise((resolve) => {
    const check = (): void => {
      if (!isEven()) return;
      unsubscribe();
      resolve();
    };
    const unsubscribe = observer.onLog(check);
    check();
  });
}

function figuresOf(count: number, rounds: readonly Round[], few: readonly Round[]): Figure[] {
  const beside = (what: string, of: (round: Round) => number, bound = {}): Figure => {
    const usual = medianOf(few, of);
    const pairs = rounds.map((round) => ({ ours: of(round), other: usual }));
    return figureOf(`${count} nodes: ${what}`, `${counts[0]} nodes`, pairs, bound);
  };
  return [
    beside("ms until all is hosted", ({ hostedMs }) => hostedMs, { better: "less" }),
    beside("queries/s of a node at rest", ({ queriesPerNode }) => queriesPerNode, {
      bound: { atMost: 1.2 },
    }),
    beside("ms until one has left", ({ leftMs }) => leftMs, { better: "less" }),
  ];
}
