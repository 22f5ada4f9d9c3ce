import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { compileCache } from "@leasehold/node/workspace";
import { benchOf } from "./support/bench-of.ts";
import { type Figure, figureOf, medianOf, type Pair } from "./support/figures.ts";
import { type BenchPostgres, withPostgres } from "./support/postgres.ts";
import { rateOfQueries } from "./support/queries.ts";

const program = fileURLToPath(new URL("./scale/node.ts", import.meta.url));
/** As `pnpm start` gives it to its nodes. */
const env = { ...process.env, NODE_COMPILE_CACHE: compileCache };
const nodeCount = 3;
/** From the start of the processes until every node knows every shard as hosted, by how many there are. */
const boundMs: Readonly<Record<number, number>> = { 1000: 2_000, 10000: 3_000, 100000: 10_000 };
const steadyMs = 10_000;

interface Round {
  readonly hostedMs: number;
  readonly bareMs: number;
  readonly queriesPerSecond: number;
}

export const bench = benchOf({
  title:
    "three processes and 1,000, 10,000 and 100,000 shards: from their start until all are hosted, and queries when nothing happens",
  figures: ({ rounds = 3, progress }) =>
    withPostgres(async (postgres) => {
      const figures: Figure[] = [];
      let least: readonly Round[] | null = null;
      for (const shards of Object.keys(boundMs).map(Number)) {
        const found: Round[] = [];
        for (let round = 1; round <= rounds; round += 1) {
          const one = await measure(postgres, shards, `s${shards}r${round}`);
          found.push(one);
          progress(`${shards} shards, round ${round}/${rounds}: ${JSON.stringify(one)}`);
        }
        least ??= found;
        figures.push(...figuresOf(shards, found, least));
      }
      return figures;
    }),
});

async function measure(postgres: BenchPostgres, shards: number, name: string): Promise<Round> {
  const startMs = performance.now();
  const nodes = Array.from({ length: nodeCount }, (_, index) =>
    fork(program, [postgres.url, name, `node-${index + 1}`, String(shards)], { env }),
  );
  try {
    await Promise.all(nodes.map((node) => once(node, "message")));
    const hostedMs = performance.now() - startMs;
    const queriesPerSecond = await rateOfQueries(postgres, steadyMs);
    return { hostedMs, queriesPerSecond, bareMs: await bareUpdate(postgres, shards, name) };
  } finally {
    await Promise.all(nodes.map(end));
  }
}

async function end(node: ChildProcess): Promise<void> {
  if (node.exitCode !== null) return;
  const ended = once(node, "exit");
  node.disconnect();
  await ended;
}

/** As many rows get an owner by one statement. */
async function bareUpdate({ query }: BenchPostgres, shards: number, name: string): Promise<number> {
  await query(`create table bare_${name} as
    select shard, null::text as owner, 0 as epoch from generate_series(1, ${shards}) as shard`);
  await query(`alter table bare_${name} add primary key (shard)`);
  const startMs = performance.now();
  await query(`update bare_${name} set owner = 'node-1', epoch = epoch + 1`);
  return performance.now() - startMs;
}

function figuresOf(shards: number, rounds: readonly Round[], least: readonly Round[]): Figure[] {
  const many = shards.toLocaleString("en");
  const pairs: readonly Pair[] = rounds.map(({ hostedMs, bareMs }) => ({
    ours: hostedMs,
    other: bareMs,
  }));
  const name = "1,000 shards";
  const usual = medianOf(least, ({ queriesPerSecond }) => queriesPerSecond);
  const steady = rounds.map(({ queriesPerSecond }) => ({ ours: queriesPerSecond, other: usual }));
  return [
    figureOf(`${many} shards: ms until hosted`, "one bare update", pairs, {
      bound: { atMost: boundMs[shards] ?? Number.NaN, of: "ours" },
    }),
    figureOf(`${many} shards: queries/s of ${nodeCount} nodes at rest`, name, steady, {
      bound: { atMost: 1.2 },
    }),
  ];
}
