import pg from "pg";
import { type Figure, medianOf } from "../support/figures.ts";
import { each, type MeasureOptions, type Scene, schema } from "./scene.ts";
import { Box, Eventful, Tally } from "./tally.ts";

const entities = 2_000;
const eventsEach = 100;
const inFlight = 64;
/** As many as a node has for its reads. */
const connections = 2;

/** How fast a node that has just got the shards loads its entities: folded from events, and from snapshots. */
export async function measureReplay(
  scene: Scene,
  { rounds }: MeasureOptions,
): Promise<readonly Figure[]> {
  const writer = await scene.startNode("writer");
  for (const definition of [Eventful, Tally]) {
    await each(entities, inFlight, (index) =>
      writer.entity(definition, `load-${index}`).addMany({ count: eventsEach }),
    );
  }
  await writer.stop();
  const found: { readonly events: number; readonly snapshots: number; readonly bare: number }[] =
    [];
  for (let round = 1; round <= rounds; round += 1) {
    const node = await scene.startNode(`reader-${round}`);
    const load = (definition: typeof Tally) =>
      perSecond(entities, () =>
        each(entities, inFlight, (index) => node.entity(definition, `load-${index}`).get()),
      );
    const one = {
      events: await load(Eventful),
      snapshots: await load(Tally),
      bare: await bareReads(scene),
    };
    found.push(one);
    await node.stop();
    scene.progress(
      `loading, round ${round}/${rounds}: ${one.events.toFixed(0)}/s from events, ${one.snapshots.toFixed(0)}/s from snapshots, bare ${one.bare.toFixed(0)}/s`,
    );
  }
  const bare = {
    name: `bare reads of ${eventsEach} events`,
    value: medianOf(found, (it) => it.bare),
  };
  const figure = (what: string, measure: (round: (typeof found)[number]) => number): Figure => ({
    what,
    ours: medianOf(found, measure),
    beside: bare,
    ratio: medianOf(found, (round) => measure(round) / round.bare),
  });
  return [
    figure(`entities/s loaded from ${eventsEach} events`, ({ events }) => events),
    figure("entities/s loaded from a snapshot", ({ snapshots }) => snapshots),
  ];
}

/** The same events, asked for by a plain client. */
async function bareReads({ url, query }: Scene): Promise<number> {
  const rows = await query<{ shard: number; id: string }>(
    `select distinct shard, entity_id as id from ${schema}.journal where entity_type = 'eventful'`,
  );
  const clients = Array.from({ length: connections }, () => new pg.Client(url));
  await Promise.all(clients.map((client) => client.connect()));
  const text = `select version, event from ${schema}.journal
    where group_name = 'default' and shard = $1 and entity_type = 'eventful'
      and namespace = 'default' and entity_id = $2 order by version`;
  const rest = rows.values();
  const rate = await perSecond(rows.length, () =>
    Promise.all(
      clients.map(async (client) => {
        for (const { shard, id } of rest)
          await client.query({ name: "read", text, values: [shard, id] });
      }),
    ),
  );
  await Promise.all(clients.map((client) => client.end()));
  return rate;
}

/** How fast a handoff brings volatile entities to their next home: from its beginning until all shards are hosted. */
export async function measureHandoff(
  scene: Scene,
  { rounds }: MeasureOptions,
): Promise<readonly Figure[]> {
  const count = 10_000;
  const rates: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const options = { shards: 64, cluster: `handoff${round}`, rebalance: "manual" } as const;
    const source = await scene.startNode("source", options);
    await each(count, inFlight, (index) => source.entity(Box, `box-${index}`).fill());
    const target = await scene.startNode("target", options);
    const hosted = new Promise<void>((resolve) => {
      const check = (): void => {
        const rows = target.authority().state.shards.get("default") ?? [];
        if (!rows.every((row) => row.state === "hosted" && row.owner.nodeId === "target")) return;
        stop();
        resolve();
      };
      const stop = target.onLog(check);
    });
    const startMs = performance.now();
    const drained = source.drain(60_000);
    await hosted;
    rates.push((1_000 * count) / (performance.now() - startMs));
    await drained;
    await target.stop();
    scene.progress(`handoff, round ${round}/${rounds}: ${rates.at(-1)?.toFixed(0)} entities/s`);
  }
  return [
    {
      what: "volatile entities/s restored by a handoff (64 shards)",
      ours: medianOf(rates, (it) => it),
    },
  ];
}

async function perSecond(count: number, run: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await run();
  return (1_000 * count) / (performance.now() - startMs);
}
