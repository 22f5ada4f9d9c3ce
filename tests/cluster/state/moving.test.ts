import { fileURLToPath } from "node:url";
import { createClient } from "@leasehold/sharding/client";
import { afterEach, expect, test } from "vitest";
import { expectNothingLost } from "../expect-history.ts";
import { expectWithin, rounds, untilServed } from "../failures/support.ts";
import { outcomeOf } from "../harness/outcome.ts";
import { type SteadyLoad, startCluster, stopAll, type TestCluster } from "../harness.ts";

const entities = fileURLToPath(new URL("../fixtures/entities.ts", import.meta.url));
const count = 1_000;
const ids = Array.from({ length: count }, (_, index) => `box-${index}`);
const textOf = (id: string): string => `${id} `.repeat(200).slice(0, 1_000);

afterEach(stopAll);

/** @returns the answers, in the order of `ids`. */
async function askEach(
  cluster: TestCluster,
  command: string,
  input: (id: string) => unknown,
): Promise<readonly unknown[]> {
  const client = createClient({ nodes: cluster.nodes.map((node) => node.url) });
  const asked = ids.map(async (id) => {
    const outcome = await outcomeOf(client.ask({ type: "box", id, command, input: input(id) }));
    return outcome.tag === "ok" ? outcome.result : outcome.code;
  });
  return await Promise.all(asked);
}

/** @returns how long the call that waited longest for it took. */
async function move(cluster: TestCluster, load: SteadyLoad): Promise<number> {
  const [shard] = await cluster.shards();
  const to = cluster.nodes.find(({ nodeId }) => nodeId !== shard?.owner)?.nodeId;
  const moves = [{ group: "default", shard: 0, to }];
  const startMs = performance.now();
  const { planId } = (await cluster.node(1).ask("POST", "/v1/plans", {
    ...{ kind: "move", moves },
  })) as { planId: string };
  await cluster.node(1).ask("POST", `/v1/plans/${planId}/apply`);
  await cluster.waitUntil(`the shard is hosted by ${to}`, async () => {
    const [now] = await cluster.shards();
    return now?.owner === to && now?.state === "hosted";
  });
  await untilServed(cluster, load, 100);
  const calls = load.history.filter((call) => call.startMs > startMs - 250);
  return Math.max(...calls.map((call) => call.endMs - call.startMs));
}

test("a shard with 1,000 entities of 1 kB moves under load: no call fails, and every state arrives as it was", async () => {
  const env = { LEASEHOLD_ENTITIES: entities };
  const cluster = await startCluster({ shards: 1, ttlMs: 5_000, env });
  await askEach(cluster, "fill", textOf);
  const options = { type: "box", command: "touch", input: null, prefix: "box" };
  const load = cluster.load({ perSecond: 400, ids: count, ...options });
  await untilServed(cluster, load, count);
  const pauses: number[] = [];
  for (let round = 0; round < rounds(5, 20); round += 1) pauses.push(await move(cluster, load));
  expectNothingLost(await load.stop());
  expect(await askEach(cluster, "text", () => null)).toEqual(ids.map(textOf));
  const sorted = pauses.toSorted((a, b) => a - b);
  expectWithin("pause of a move, half of them", sorted[sorted.length >> 1] as number, 50);
  expectWithin("pause of a move, the worst", sorted.at(-1) as number, 250);
}, 120_000);
