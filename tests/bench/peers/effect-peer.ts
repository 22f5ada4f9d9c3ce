import type { Measured } from "../support/asking.ts";
import type { OpenPeer } from "../support/peer.ts";
import { createDatabase } from "../support/postgres.ts";
import { installEffect } from "./effect-install.ts";
import { EffectRunner } from "./effect-runner.ts";

/** Its default. */
export const shards = 300;

/**
 * Two runners of Effect's cluster on a database of their own, which share its shards. The first one asks.
 *
 * Their settings are the fastest that we know: binary serialization, schemas compiled to code, no copy of what
 * stays in the process. For durable asks the defaults of its Postgres client.
 */
export const openEffect: OpenPeer = async (serverUrl, progress) => {
  await installEffect(progress);
  const databaseUrl = await createDatabase(serverUrl, "effect");
  const settings = { databaseUrl, tunedFor: "asks" } as const;
  // One after the other: on an empty database each would create the tables.
  const asking = await EffectRunner.start(settings);
  await owned([asking]);
  const other = await EffectRunner.start(settings);
  await owned([asking, other]);
  let filled = 0;
  return {
    ask: (kind, inFlight, ms) => asking.call<Measured>({ op: "ask", kind, inFlight, ms }),
    async heapBytesPerEntity(count) {
      const before = await asking.call<number>({ op: "heap" });
      // Ids that nobody asked for before.
      await asking.call({ op: "fill", from: filled, count });
      filled += 10 * count;
      return ((await asking.call<number>({ op: "heap" })) - before) / count;
    },
    close: async () => {
      await other.close();
      await asking.close();
    },
  };
};

/** Every shard has one of them, and each has some. Watched: a runner tells of each change. */
export function owned(runners: readonly EffectRunner[]): Promise<void> {
  const isSo = (): boolean => {
    const counts = runners.map((runner) => runner.shards);
    return counts.every((count) => count > 0) && counts.reduce((a, b) => a + b, 0) === shards;
  };
  return new Promise((resolve) => {
    const check = (): void => {
      if (!isSo()) return;
      for (const stop of stops) stop();
      resolve();
    };
    const stops = runners.map((runner) => runner.onShards(check));
    check();
  });
}
