import { fileURLToPath } from "node:url";
import { createClient } from "@leasehold/sharding/client";
import { outcomeOf } from "../harness/outcome.ts";
import type { TestCluster } from "../harness.ts";

/** For `LEASEHOLD_ENTITIES`. */
export const boxEntities: string = fileURLToPath(
  new URL("../fixtures/entities.ts", import.meta.url),
);

export const boxIds = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `box-${index}`);

/** Another text for each box. */
export const textOf = (id: string, length: number): string =>
  `${id} `.repeat(length / id.length).slice(0, length);

/** @returns the answers, in the order of `ids`; the code of what failed. */
export async function askBoxes(
  cluster: TestCluster,
  ids: readonly string[],
  command: string,
  input: (id: string) => unknown,
): Promise<readonly unknown[]> {
  const client = createClient({ nodes: cluster.nodes.map((node) => node.url), deadlineMs: 30_000 });
  const asked = ids.map(async (id) => {
    const outcome = await outcomeOf(client.ask({ type: "box", id, command, input: input(id) }));
    return outcome.tag === "ok" ? outcome.result : outcome.code;
  });
  return await Promise.all(asked);
}

/** Moves the only shard to a node that does not have it, and waits until that one serves it. */
export async function moveBoxes(cluster: TestCluster): Promise<void> {
  const [shard] = await cluster.shards();
  const to = cluster.nodes.find(({ nodeId }) => nodeId !== shard?.owner)?.nodeId;
  const moves = [{ group: "default", shard: 0, to }];
  const plan = { kind: "move", moves };
  const { planId } = (await cluster.node(1).ask("POST", "/v1/plans", plan)) as { planId: string };
  await cluster.node(1).ask("POST", `/v1/plans/${planId}/apply`);
  await cluster.waitUntil(`the shard is hosted by ${to}`, async () => {
    const [now] = await cluster.shards();
    return now?.owner === to && now?.state === "hosted";
  });
}
