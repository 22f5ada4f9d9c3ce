// What crosses to a lane is internal to the library: only its benchmark reaches for it past the public entry points.
import { systemClock } from "../../../packages/sharding/src/adapters/system-clock.ts";
import { createLaneThreads } from "../../../packages/sharding/src/lanes/lane-threads.ts";
import { createDropCounter } from "../../../packages/sharding/src/ports/drop-counter.ts";
import { catalogOf } from "../../../packages/sharding/src/runtime/entities/catalog.ts";
import { Grant } from "../../../packages/sharding/src/runtime/grant.ts";
import { LanesExecutor } from "../../../packages/sharding/src/runtime/lanes/lanes-executor.ts";
import { Serving } from "../../../packages/sharding/src/runtime/serving.ts";
import { Worker } from "./entities.ts";

export interface Crossing {
  /** Sends so many requests in one go. @returns how long until all were answered, per request. @unit microseconds */
  batch(size: number): Promise<number>;
  close(): Promise<void>;
}

/** One lane with one shard, and nothing else of a node. */
export async function openCrossing(): Promise<Crossing> {
  const executor = new LanesExecutor({
    threads: createLaneThreads({
      ...{ lanes: 1, inboxCapacity: 10_000, drainTimeoutMs: 5_000, journal: null },
      entities: new URL("./entities.ts", import.meta.url),
    }),
    ...{ catalog: catalogOf([Worker]), nodeId: "node", clock: systemClock, isStrict: true },
    ...{ stuckMs: 10_000, drops: createDropCounter(), log: () => undefined },
    ...{ call: async () => null, stored: () => undefined },
    failed: (error) => {
      throw error;
    },
  });
  const serving = new Serving();
  serving.share(executor.table);
  await executor.start();
  serving.begin(new Grant({ nodeId: "node", incarnation: "life" }, systemClock, 600_000));
  const ref = { group: "default", shard: 0 };
  serving.open(ref, 1);
  executor.post({ tag: "open", ...ref, epoch: 1, incarnation: "life", carried: null });

  let left = 0;
  let done: () => void = () => undefined;
  executor.onMessage((message) => {
    if (message.tag !== "reply") return;
    if (!message.reply.ok) throw new Error(JSON.stringify(message.reply));
    left -= 1;
    if (left === 0) done();
  });
  let requestId = 0;
  return {
    batch: async (size) => {
      left = size;
      const { promise, resolve } = Promise.withResolvers<void>();
      done = resolve;
      const startMs = performance.now();
      for (let index = 0; index < size; index += 1) {
        requestId += 1;
        const request = { requestId, ...ref, epoch: 1, namespace: "default", type: "worker" };
        executor.post({
          tag: "request",
          request: {
            ...{ ...request, id: `w-${requestId % 1_000}`, command: "count", input: null },
            ...{ deadlineMs: startMs + 10_000, chain: [], key: null },
          },
        });
      }
      await promise;
      return ((performance.now() - startMs) / size) * 1_000;
    },
    close: () => executor.end(),
  };
}
