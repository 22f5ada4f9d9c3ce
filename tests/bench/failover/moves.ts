import { PauseMeter, type Pauses, spread } from "./pauses.ts";
import type { Figure } from "./rows.ts";
import type { Scene } from "./scene.ts";

/** Asked while shards move. */
const entityCount = 128;
const bound = { p99Ms: 50, worstMs: 250 };
const question = { type: "counter", command: "add", input: { by: 1 } } as const;

interface Measured {
  /** Of each asked entity whose shard moved, the longest wait. @unit milliseconds */
  readonly pausesMs: readonly number[];
  readonly usualMs: number;
  readonly failures: readonly string[];
}

/** SIGTERM of a node and its next start: how long the entities that move keep their callers waiting. */
export async function leaveAndJoin(
  scene: Scene,
  rounds: number,
): Promise<readonly [left: Figure, joined: Figure]> {
  const leaves: Measured[] = [];
  const joins: Measured[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const node = scene.witness.candidate();
    leaves.push(await measured(scene, scene.witness.shardsOf(node.nodeId), () => node.stop()));
    await scene.witness.quiet();
    const all = scene.witness.homes().map((_, shard) => shard);
    joins.push(
      await measured(scene, all, async () => {
        await node.start();
        await node.becomeReady();
        await scene.witness.settled();
      }),
    );
    const worst = (one: Measured | undefined) => Math.max(...(one?.pausesMs ?? [])).toFixed(0);
    scene.progress(
      `${scene.shards} shards, left and joined ${round}/${rounds}: longest pause ${worst(leaves.at(-1))} and ${worst(joins.at(-1))} ms`,
    );
  }
  return [
    figureOf("node leaves: pause of what moves", leaves),
    figureOf("node joins: pause of what moves", joins),
  ];
}

async function measured(
  { witness }: Scene,
  shards: readonly number[],
  happen: () => Promise<unknown>,
): Promise<Measured> {
  const asked = spread(shards, entityCount);
  const before = witness.homes();
  const idOf = (shard: number): string => witness.ids[shard] as string;
  const meter = new PauseMeter(witness.node, asked.map(idOf), question);
  await happen();
  const { longestMs, usualMs, failures }: Pauses = await meter.stop();
  const after = witness.homes();
  const moved = asked.filter((shard) => before[shard]?.epoch !== after[shard]?.epoch);
  return { pausesMs: moved.map((shard) => longestMs.get(idOf(shard)) ?? 0), usualMs, failures };
}

function figureOf(what: string, all: readonly Measured[]): Figure {
  const failures = all.flatMap((one) => one.failures);
  const usual = all.map((one) => one.usualMs).toSorted((a, b) => a - b);
  return {
    what,
    timesMs: all.flatMap((one) => one.pausesMs),
    bound,
    faults: failures.length === 0 ? [] : [`${failures.length} requests failed (${failures[0]})`],
    floor: { name: "usual wait", ms: usual[Math.floor(usual.length / 2)] ?? Number.NaN },
  };
}
