import { quantile } from "../support/bench.ts";
import { PauseMeter, type Pauses, spread } from "./pauses.ts";
import type { Figure } from "./rows.ts";
import { type Scene, ttlMs } from "./scene.ts";

const entityCount = 64;
const volatile = { type: "counter", command: "add", input: { by: 1 } } as const;
const durable = { type: "register", command: "write", input: { value: 1 } } as const;

interface Restart {
  readonly awayMs: number;
  readonly volatile: Pauses;
  readonly durable: Pauses;
  /** Shards that have another home or epoch. */
  readonly moved: number;
}

/** A fast stop of the server and its next start, which no lease may be lost by. */
export async function restartPostgres(scene: Scene, rounds: number): Promise<readonly Figure[]> {
  const restarts: Restart[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const one = await restartOnce(scene);
    // Beyond half a ttl nothing is promised.
    if (one.awayMs <= ttlMs / 2) restarts.push(one);
    const worst = Math.max(...one.durable.longestMs.values());
    scene.progress(
      `${scene.shards} shards, Postgres restarted ${round}/${rounds}: away ${one.awayMs.toFixed(0)} ms, longest wait of a durable command ${worst.toFixed(0)} ms`,
    );
  }
  if (restarts.length === 0) {
    scene.progress("not once was the server back within half a ttl: nothing to judge");
    return [];
  }
  const moved = restarts.reduce((sum, one) => sum + one.moved, 0);
  const faults = moved === 0 ? [] : [`${moved} shards moved`];
  const awayMs = quantile(
    restarts.map((one) => one.awayMs),
    0.5,
  );
  const floor = { name: "server away", ms: awayMs };
  const figure = (kind: "volatile" | "durable", bound: Figure["bound"]): Figure => {
    const failed = restarts.flatMap((one) => one[kind].failures);
    const why = failed.length === 0 ? [] : [`${failed.length} requests failed (${failed[0]})`];
    const timesMs = restarts.flatMap((one) => [...one[kind].longestMs.values()]);
    const what = `Postgres restarted: wait of ${kind} commands`;
    return { what, timesMs, faults: [...faults, ...why], floor, ...(bound ? { bound } : {}) };
  };
  return [figure("volatile", { worstMs: 250 }), figure("durable", { worstMs: ttlMs / 2 })];
}

async function restartOnce({ witness, postgres }: Scene): Promise<Restart> {
  const ids = spread(witness.ids, entityCount);
  const before = witness.homes();
  const meters = [volatile, durable].map((one) => new PauseMeter(witness.node, ids, one));
  const startMs = performance.now();
  await postgres.stop("fast");
  await postgres.start();
  const awayMs = performance.now() - startMs;
  await witness.leased();
  const [ofVolatile, ofDurable] = await Promise.all(meters.map((meter) => meter.stop()));
  const after = witness.homes();
  const moved = before.filter(({ epoch }, shard) => epoch !== after[shard]?.epoch).length;
  return { awayMs, volatile: ofVolatile as Pauses, durable: ofDurable as Pauses, moved };
}
