import { type ShardingNode, startNode } from "@leasehold/sharding";
import { Counter } from "./ask/counter.ts";
import { each } from "./durable/scene.ts";
import { Tally } from "./durable/tally.ts";
import { benchOf } from "./support/bench-of.ts";
import { collectGarbage } from "./support/collect-garbage.ts";
import { type Figure, figureOf, type Pair } from "./support/figures.ts";
import { peerOf } from "./support/options.ts";
import { openPeer, type Peer } from "./support/peer.ts";
import { type BenchPostgres, withPostgres } from "./support/postgres.ts";
import { untilHosted } from "./support/until-hosted.ts";

const residents = 20_000;
/** So many more of a peer's that need fifteen times as much. */
const peerResidents = 5_000;
const inFlight = 256;
const note = "x".repeat(24);

export const bench = benchOf({
  title:
    "heap of a resident volatile counter, and connections to Postgres of a node that serves it",
  flags: ["peer"],
  check: (flags) => void peerOf(flags),
  figures: ({ rounds = 3, progress, flags }) =>
    withPostgres(async (postgres) => {
      const peer = await openPeer(peerOf(flags), postgres.url, progress);
      const node = await startNode({ databaseUrl: postgres.url, entities: [Counter, Tally] });
      await untilHosted(node);
      const [bare, effect]: [Pair[], Pair[]] = [[], []];
      for (let round = 0; round <= rounds; round += 1) {
        const ours = await heapOf(residents, (index) => fill(node, `r${round}-${index}`));
        const least = await bareHeap();
        const theirs = await peer?.heapBytesPerEntity(peerResidents);
        progress(`round ${round}/${rounds}: ours ${ours}, bare ${least}, effect ${theirs ?? "-"}`);
        // The first is for maps and code.
        if (round === 0) continue;
        bare.push({ ours, other: least });
        if (theirs !== undefined) effect.push({ ours, other: theirs });
      }
      const figures = heapFigures(bare, effect);
      const count = async (when: string): Promise<void> => {
        figures.push(await connections(when, postgres, peer));
      };
      await count("volatile asks");
      await each(2_000, inFlight, (index) => node.entity(Tally, `r-${index}`).add({ by: 1 }));
      await peer?.ask("durable", inFlight, 1_000);
      await count("durable asks");
      await node.stop();
      await peer?.close();
      return figures;
    }),
});

const fill = (node: ShardingNode, id: string): Promise<unknown> =>
  node.entity(Counter, id).add({ amount: 1, note });

async function heapOf(count: number, one: (index: number) => Promise<unknown>): Promise<number> {
  await collectGarbage();
  const before = process.memoryUsage().heapUsed;
  await each(count, inFlight, one);
  await collectGarbage();
  return (process.memoryUsage().heapUsed - before) / count;
}

/** A state and an empty queue under a name. */
async function bareHeap(): Promise<number> {
  const known = new Map<string, { value: number; queue: unknown[] }>();
  const bytes = await heapOf(residents, async (index) => {
    known.set(`r-${index}`, { value: 1, queue: [] });
  });
  if (known.size !== residents) throw new Error(`${known.size} entities are there.`);
  return bytes;
}

function heapFigures(bare: readonly Pair[], effect: readonly Pair[]): Figure[] {
  const what = "bytes of heap per resident entity, volatile";
  const bound = { atMost: 1_000, of: "ours" } as const;
  const figures = [figureOf(what, "bare", bare, { bound })];
  if (effect.length > 0)
    figures.push(figureOf(`${what}, beside Effect`, "Effect", effect, { better: "less" }));
  return figures;
}

/** Of everybody on the database but whoever counts. */
async function connections(
  when: string,
  { query }: BenchPostgres,
  peer: Peer | null,
): Promise<Figure> {
  const rows = await query<{ name: string; count: number }>(
    `select datname as name, count(*)::int as count from pg_stat_activity
     where datname is not null and pid <> pg_backend_pid() group by 1`,
  );
  const of = (name: string): number => rows.find((row) => row.name === name)?.count ?? 0;
  const ours = of("leasehold");
  const what = `connections to Postgres per node, after ${when}`;
  if (peer === null) return { what, ours, better: "less" };
  // It has two runners.
  return figureOf(what, "Effect", [{ ours, other: of("effect") / 2 }], { better: "less" });
}
