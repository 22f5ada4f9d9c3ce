import { createClient } from "@leasehold/sharding/client";
import { test } from "vitest";
import type { TestCluster, TestNode } from "./harness.ts";
import { judgeRegisters } from "./judge-registers.ts";
import { RegisterLoad } from "./register-load.ts";
import { shareCluster } from "./share-cluster.ts";
import { untilTakenOver } from "./support.ts";

const ttlMs = 1_000;
const shared = shareCluster({ ttlMs });

/** The home of the load's first register: a node that writes at this moment. */
async function ownerOf(cluster: TestCluster, load: RegisterLoad): Promise<TestNode> {
  const client = createClient({ nodes: cluster.nodes.map((node) => node.url) });
  const command = { type: "register", id: load.ids[0] ?? "", command: "read", input: null };
  const { servedBy } = await client.ask(command);
  return cluster.nodeById(servedBy.nodeId);
}

const viaOther = (cluster: TestCluster, node: TestNode): number =>
  cluster.nodes.findIndex((one) => one !== node) + 1;

test("registers stay linearizable, and nothing acknowledged is lost, while their owners are killed", async () => {
  const cluster = shared();
  const load = new RegisterLoad(cluster, { clients: 8, ids: 4, prefix: "kill" });
  for (let round = 0; round < 2; round += 1) {
    await load.untilAnswered(100);
    const owner = await ownerOf(cluster, load);
    await owner.kill();
    await untilTakenOver(cluster, owner.nodeId, viaOther(cluster, owner));
    await load.untilAnswered(50);
    await owner.start();
    await owner.becomeReady();
  }
  await load.untilAnswered(50);
  await judgeRegisters(cluster, load);
});

test("an owner that was frozen beyond its lease writes nothing when it wakes (S4)", async () => {
  const cluster = shared();
  const load = new RegisterLoad(cluster, { clients: 8, ids: 4, prefix: "freeze" });
  await load.untilAnswered(100);
  const owner = await ownerOf(cluster, load);
  owner.freeze();
  await untilTakenOver(cluster, owner.nodeId, viaOther(cluster, owner));
  await load.untilAnswered(50);
  owner.thaw();
  await load.untilAnswered(50);
  await judgeRegisters(cluster, load);
});
