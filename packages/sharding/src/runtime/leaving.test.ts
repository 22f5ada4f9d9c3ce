import { describe, expect, test } from "vitest";
import { ownerOf, type ShardRow } from "../core/cluster.ts";
import { shardOf } from "../core/hash.ts";
import { MemoryCluster } from "../testkit/memory-cluster.ts";
import { command, defineEntity } from "./entities/definition.ts";

/** Three nodes; node-2 neither leads nor is the home of `elsewhere`, and is that of `here`. */
async function scene() {
  const opened = Promise.withResolvers<void>();
  const Door = defineEntity("door", {
    state: () => ({ times: 0 }),
    commands: {
      pass: command(({ state }) => {
        state.times += 1;
        return state.times;
      }),
      wait: command(async () => {
        await opened.promise;
        return "open";
      }),
    },
  });
  const cluster = new MemoryCluster({ entities: [Door] });
  cluster.add("node-1");
  await cluster.until("node-1 leads", () => cluster.state.coordinator?.nodeId === "node-1");
  for (const nodeId of ["node-2", "node-3"]) cluster.add(nodeId);
  await cluster.until("all is hosted", () => cluster.isAllHosted());
  await cluster.until("all have shards", () => {
    return new Set(cluster.rows().map((row) => ownerOf(row)?.nodeId)).size === 3;
  });
  const rows = cluster.rows();
  const homeOf = (id: string) =>
    ownerOf(rows[shardOf("default", "door", id, rows.length)] as ShardRow);
  const ids = Array.from({ length: 200 }, (_, i) => `d${i}`);
  const here = ids.filter((id) => homeOf(id)?.nodeId === "node-2");
  const elsewhere = ids.filter((id) => homeOf(id)?.nodeId !== "node-2");
  const door = (via: string, id: string) => {
    const { node } = cluster.nodes.get(via) ?? {};
    if (node === undefined) throw new Error(`There is no ${via}.`);
    return node.entity(Door, id);
  };
  return { cluster, opened, here, elsewhere, door };
}

describe("a node that leaves", () => {
  test("has what was asked of it answered first", async () => {
    const { cluster, opened, elsewhere, door } = await scene();
    const asked = door("node-2", elsewhere[0] as string).wait();
    await cluster.run(50);
    const left = cluster.nodes.get("node-2")?.node.drain(5_000);
    await cluster.until("it owns nothing", () =>
      cluster.rows().every((row) => ownerOf(row)?.nodeId !== "node-2"),
    );
    await cluster.run(200);
    opened.resolve();
    expect(await cluster.result(asked)).toBe("open");
    await cluster.result(left as Promise<void>);
  });

  test("leaves no outcome of a command unknown, whoever asks and whenever", async () => {
    const { cluster, here, door } = await scene();
    const id = here[0] as string;
    const asked = [];
    const left = cluster.nodes.get("node-2")?.node.drain(5_000);
    for (let ms = 0; ms < 300; ms += 1) {
      asked.push(door("node-1", id).pass(), door("node-3", id).pass());
      await cluster.run(1);
    }
    await cluster.result(left as Promise<void>);
    const answers = await cluster.result(Promise.all(asked));
    expect(answers.toSorted((a, b) => a - b)).toEqual(asked.map((_, i) => i + 1));
  });
});
