import type { Measured } from "../support/asking.ts";
import type { OpenPeer } from "../support/peer.ts";
import { createDatabase } from "../support/postgres.ts";
import { installEffect } from "./effect-install.ts";
import { EffectRunner } from "./effect-runner.ts";

const shards = 300;

/**
 * Two runners of Effect's cluster on a database of their own, which share its shards. The first one asks.
 *
 * Their settings are the fastest that we know: binary serialization, schemas compiled to code, no copy of what
 * stays in the process. For durable asks the defaults of its Postgres client.
 */
export const openEffect: OpenPeer = async (serverUrl, progress) => {
  await installEffect(progress);
  const databaseUrl = await createDatabase(serverUrl, "effect");
  const settings = { databaseUrl, isTuned: true };
  // One after the other: on an empty database each would create the tables.
  const asking = await EffectRunner.start(settings);
  await until([asking], () => asking.shards === shards);
  const other = await EffectRunner.start(settings);
  await until([asking, other], () => asking.shards + other.shards === shards && other.shards > 0);
  return {
    ask: (kind, inFlight, ms) => asking.call<Measured>({ op: "ask", kind, inFlight, ms }),
    async heapBytesPerEntity(count) {
      await asking.call({ op: "fill", from: 0, count: 500 });
      const before = await asking.call<number>({ op: "heap" });
      await asking.call({ op: "fill", from: 1_000_000, count });
      return ((await asking.call<number>({ op: "heap" })) - before) / count;
    },
    close: async () => {
      await other.close();
      await asking.close();
    },
  };
};

/** Watched, not asked again and again: a runner tells of each change. */
function until(runners: readonly EffectRunner[], isSo: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stops = runners.map((runner) =>
      runner.onShards(() => {
        if (!isSo()) return;
        for (const stop of stops) stop();
        resolve();
      }),
    );
  });
}
