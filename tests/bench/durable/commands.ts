import type { ShardingNode } from "@leasehold/sharding";
import { quantile } from "../support/bench.ts";
import { type Figure, medianOf } from "../support/figures.ts";
import { BareInserts, type Measured } from "./bare.ts";
import { type MeasureOptions, type Scene, schema } from "./scene.ts";
import { Tally } from "./tally.ts";

const roundMs = 2_000;
/** As many as a node has for its journal. */
const connections = 3;

interface Round {
  readonly ours: Measured;
  readonly bare: Measured;
  readonly batch: number;
}

/** Durable commands of one node beside bare inserts, turn by turn on the same server. */
export async function measureCommands(
  scene: Scene,
  { rounds }: MeasureOptions,
): Promise<readonly Figure[]> {
  const node = await scene.startNode("node-1");
  const bare = await BareInserts.open(scene, connections);
  const figures: Figure[] = [];
  for (const inFlight of [1, 64, 1_024]) {
    const found: Round[] = [];
    // The first is for the compiler and the caches.
    for (let round = 0; round <= rounds; round += 1) {
      const one = await measureRound(scene, node, bare, inFlight);
      if (round > 0) found.push(one);
      scene.progress(
        `${inFlight} in flight, round ${round}/${rounds}: ${one.ours.perSecond.toFixed(0)}/s in batches of ${one.batch}, bare ${one.bare.perSecond.toFixed(0)}/s`,
      );
    }
    figures.push(...figuresOf(inFlight, found));
  }
  await bare.close();
  await node.stop();
  return figures;
}

async function measureRound(
  scene: Scene,
  node: ShardingNode,
  bare: BareInserts,
  inFlight: number,
): Promise<Round> {
  const [begun] = await scene.query<{ at: string }>("select clock_timestamp()::text as at");
  const ours = await commands(node, inFlight);
  const batch = inFlight === 1 ? 1 : await batchSince(scene, begun?.at ?? "");
  return { ours, bare: await bare.run(batch, roundMs), batch };
}

/** Each caller has an entity of its own, and sends the next command when the last is answered. */
async function commands(node: ShardingNode, inFlight: number): Promise<Measured> {
  const latenciesMs: number[] = [];
  const startMs = performance.now();
  const caller = async (index: number): Promise<void> => {
    const client = node.entity(Tally, `id-${index}`);
    while (performance.now() < startMs + roundMs) {
      const sentMs = performance.now();
      await client.add({ by: 1 });
      latenciesMs.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, index) => caller(index)));
  const seconds = (performance.now() - startMs) / 1_000;
  return { perSecond: latenciesMs.length / seconds, latenciesMs };
}

/** How many events our statements have had since then: those of one have one transaction's number. */
async function batchSince({ query }: Scene, at: string): Promise<number> {
  const [found] = await query<{ size: number }>(
    `select round(count(*)::numeric / count(distinct xmin::text))::int as size
     from ${schema}.journal where at >= $1::timestamptz`,
    [at],
  );
  if (found === undefined) throw new Error("Nothing was stored.");
  return found.size;
}

function figuresOf(inFlight: number, rounds: readonly Round[]): readonly Figure[] {
  const p50 = ({ latenciesMs }: Measured): number => quantile(latenciesMs, 0.5);
  const p99 = ({ latenciesMs }: Measured): number => quantile(latenciesMs, 0.99);
  const batch = medianOf(rounds, (round) => round.batch);
  const rate: Figure = {
    what: `commands/s, ${inFlight} in flight`,
    ours: medianOf(rounds, ({ ours }) => ours.perSecond),
    beside: {
      name: `bare inserts of ${batch}`,
      value: medianOf(rounds, ({ bare }) => bare.perSecond),
    },
    ratio: medianOf(rounds, ({ ours, bare }) => ours.perSecond / bare.perSecond),
    // With one in flight a single pause weighs much: its p50 says the same, and steadier.
    isUnsteady: inFlight === 1,
    ...(inFlight === 1_024 ? { bound: { atLeast: 0.6 } } : {}),
  };
  const latency: Figure = {
    what: `latency p50 ms, ${inFlight} in flight`,
    ours: medianOf(rounds, ({ ours }) => p50(ours)),
    beside: { name: `one insert of ${batch}`, value: medianOf(rounds, ({ bare }) => p50(bare)) },
    ratio: medianOf(rounds, ({ ours, bare }) => p50(ours) / p50(bare)),
    ...(inFlight === 1 ? { bound: { atMost: 1.4 } } : { better: "less" }),
  };
  const slow: Figure = {
    what: `latency p99 ms, ${inFlight} in flight`,
    ours: medianOf(rounds, ({ ours }) => p99(ours)),
    beside: { name: `one insert of ${batch}`, value: medianOf(rounds, ({ bare }) => p99(bare)) },
    ratio: medianOf(rounds, ({ ours, bare }) => p99(ours) / p99(bare)),
    better: "less",
    isUnsteady: true,
  };
  return [rate, latency, slow];
}
