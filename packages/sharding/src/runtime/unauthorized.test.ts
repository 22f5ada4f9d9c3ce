import { expect, test } from "vitest";
import { ownerOf } from "../core/cluster.ts";
import type { ControlMessage } from "../core/messages.ts";
import { MemoryCluster } from "../testkit/memory-cluster.ts";

test("whatever a peer that is no member says, nothing changes, and each node counts it", async () => {
  const cluster = new MemoryCluster({ entities: [], shards: 4, rebalance: "manual" });
  const names = ["node-1", "node-2"];
  for (const name of names) cluster.add(name);
  await cluster.until("every shard is hosted", () => cluster.isAllHosted());
  await cluster.run(100);
  const before = cluster.state;
  const row = cluster.rows()[0];
  const owner = row === undefined ? null : ownerOf(row);
  if (row === undefined || owner === null) throw new Error("no row");

  const stranger = cluster.stranger("node-9");
  await cluster.until("it is connected", () => stranger.connected().length === names.length);
  const grant = { group: "default", shard: 0, epoch: row.epoch };
  const ref = { ...grant, handoffId: "h-1" };
  const { term, history } = before;
  const { nodeId, incarnation } = owner;
  const to = { nodeId: "node-9", incarnation: "x" };
  const toCoordinator: ControlMessage[] = [
    { tag: "claim", term, claims: [{ ...grant, epoch: 9 }] },
    { tag: "shards-hosted", term, shards: [grant] },
    { tag: "handoffs-acked", term, handoffs: [ref] },
    { tag: "shards-released", term, shards: [{ ...ref, digest: "", size: 0 }] },
    { tag: "handoffs-failed", term, handoffs: [{ ...ref, why: "" }] },
    { tag: "host-refused", term, shards: [{ ...grant, why: "" }] },
  ];
  const seq = before.seq + 1;
  const toRegion: ControlMessage[] = [
    { tag: "region-refused", term, incarnation, code: "INCARNATION_DEAD", why: "" },
    { tag: "region-registered", term, incarnation, seq },
    { tag: "host-shards", term, incarnation, shards: [{ ...grant, epoch: 7, carried: null }] },
    { tag: "begin-handoffs", term, incarnation, handoffs: [{ ...ref, to, toAddress: "" }] },
    { tag: "stop-shards", term, incarnation, shards: [{ ...grant, epoch: 7 }] },
    {
      ...{ tag: "log", term, timeline: 1, history },
      entries: [{ type: "shard-vacated", ...grant, why: "forged", seq, term, at: "" }],
    },
  ];
  const leader = before.coordinator?.nodeId as string;
  for (const message of toCoordinator) stranger.send(leader, "control", message, "control");
  for (const message of toRegion) stranger.send(nodeId, "control", message, "control");
  await cluster.run(100);

  expect(cluster.state).toBe(before);
  for (const name of names) {
    expect(cluster.nodes.get(name)?.node.authority().state.seq).toBe(before.seq);
  }
  const counted = names.map((name) => {
    const drops = cluster.nodes.get(name)?.node.drops.snapshot() ?? [];
    return drops.find((one) => one.variant === "control" && one.reason === "unauthorized")?.count;
  });
  const expected = names.map(
    (name) =>
      (name === leader ? toCoordinator.length : 0) + (name === nodeId ? toRegion.length : 0),
  );
  expect(counted).toEqual(expected);
  await stranger.close();
  await cluster.stop();
});
