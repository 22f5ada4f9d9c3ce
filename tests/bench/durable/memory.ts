import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ShardingNode } from "@leasehold/sharding";
import type { Figure } from "../support/figures.ts";
import { each, type Scene } from "./scene.ts";
import { Box, DurablePasser, Passer, Tally } from "./tally.ts";

const residents = 50_000;
const inFlight = 1_024;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Heap of a node for each entity that it has loaded, and for ids that only pass through. */
export async function measureMemory(scene: Scene): Promise<readonly Figure[]> {
  const node = await scene.startNode("memory", { cluster: "memory" });
  const grown = async (count: number, one: (index: number) => Promise<unknown>) => {
    const before = await heapBytes();
    await each(count, inFlight, one);
    return (await heapBytes()) - before;
  };
  // Maps and code are there by then.
  await each(5_000, inFlight, (index) => touch(node, `warm-${index}`));
  const bytes = {
    volatile: await grown(residents, (index) => node.entity(Box, `m-${index}`).fill()),
    durable: await grown(residents, (index) => node.entity(Tally, `m-${index}`).add({ by: 1 })),
  };
  scene.progress(`memory of ${residents} entities: ${JSON.stringify(bytes)}`);
  // As many as may be loaded are, before it is looked at.
  await each(20_000, inFlight, (index) => node.entity(Passer, `before-${index}`).add({ by: 1 }));
  await each(20_000, inFlight, (index) => node.entity(DurablePasser, `before-${index}`).get());
  const passing = {
    volatile: await grown(1_000_000, (i) => node.entity(Passer, `p-${i}`).add({ by: 1 })),
    durable: await grown(100_000, (i) => node.entity(DurablePasser, `p-${i}`).get()),
  };
  scene.progress(`memory of ids that passed: ${JSON.stringify(passing)}`);
  await node.stop();
  return [
    { what: "bytes of heap per resident entity, volatile", ours: bytes.volatile / residents },
    { what: "bytes of heap per resident entity, durable", ours: bytes.durable / residents },
    { what: "MB of heap after 1,000,000 volatile ids", ours: passing.volatile / 1e6 },
    { what: "MB of heap after 100,000 durable ids", ours: passing.durable / 1e6 },
  ];
}

async function touch(node: ShardingNode, id: string): Promise<void> {
  await node.entity(Box, id).fill();
  await node.entity(Tally, id).add({ by: 1 });
}

async function heapBytes(): Promise<number> {
  for (let i = 0; i < 3; i += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
  return process.memoryUsage().heapUsed;
}
