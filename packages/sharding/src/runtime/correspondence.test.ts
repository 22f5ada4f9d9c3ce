import { afterEach, describe, expect, test } from "vitest";
import { applyEntries, emptyCluster, ownerOf } from "../core/cluster.ts";
import { logBroken } from "../core/invariants.ts";
import { MemoryCluster, type MemoryClusterOptions } from "../testkit/memory-cluster.ts";
import { command, defineEntity } from "./entities/definition.ts";

const Counter = defineEntity("counter", {
  state: () => ({ value: 0 }),
  commands: {
    add: command(({ state }) => {
      state.value += 1;
      return state.value;
    }),
  },
});

let cluster: MemoryCluster;

/** Three nodes that came up whole; node-1 leads. */
async function startCluster(options: Partial<MemoryClusterOptions> = {}): Promise<void> {
  cluster = new MemoryCluster({ entities: [Counter], ...options });
  cluster.add("node-1");
  await cluster.until("node-1 leads", () => cluster.state.coordinator?.nodeId === "node-1");
  cluster.add("node-2");
  cluster.add("node-3");
  await cluster.until("every shard is hosted", () => cluster.isAllHosted());
}

afterEach(async () => {
  const { entries } = await cluster.result(cluster.postgres.store().readLog(0, 100_000));
  expect(logBroken(entries)).toEqual([]);
  expect(applyEntries(emptyCluster(cluster.state.history), entries)).toEqual(cluster.state);
});

const nodeOf = (id: string) => {
  const found = cluster.nodes.get(id);
  if (found === undefined) throw new Error(`no ${id}`);
  return found.node;
};
const countOf = (id: string): number =>
  cluster.rows().filter((row) => ownerOf(row)?.nodeId === id).length;
const stateOf = (id: string) => cluster.state.nodes.get(id)?.state;
const add = (via: string, id: string) => nodeOf(via).entity(Counter, id).add();
const isConnected = (from: string, to: string) =>
  nodeOf(from)
    .belief()
    .peers.some((peer) => peer.nodeId === to && peer.connected);

async function cut(a: string, b: string): Promise<() => void> {
  const heal = cluster.links.cut(a, b);
  await cluster.until(`${a} and ${b} are apart`, () => !isConnected(a, b) && !isConnected(b, a));
  return heal;
}

/** What was written to the table of letters until now. */
function countLetters(): () => number {
  let count = 0;
  cluster.postgres.subscribe(({ lettersTo }) => {
    if (lettersTo !== undefined) count += 1;
  });
  return () => count;
}

describe("a region that is cut from the coordinator, while both reach Postgres", () => {
  test("registers and hosts its share", async () => {
    await startCluster();
    cluster.links.cut("node-1", "node-4");
    cluster.add("node-4");
    await cluster.until("node-4 has joined", () => stateOf("node-4") === "up");
    await cluster.until("it has its share", () => countOf("node-4") === 4 && cluster.isAllHosted());
    expect(isConnected("node-1", "node-4")).toBe(false);
    expect(cluster.state.term).toBe(1);
  });

  test("hands off with the state, drains and leaves", async () => {
    await startCluster();
    for (let i = 0; i < 30; i += 1) await cluster.result(add("node-3", `e${i}`));
    await cluster.result(nodeOf("node-1").admin({ tag: "cordon", by: "t", nodeId: "node-1" }));
    await cut("node-1", "node-2");
    await cluster.result(nodeOf("node-2").drain(10_000));
    cluster.nodes.delete("node-2");
    const { entries } = await cluster.result(cluster.postgres.store().readLog(0, 100_000));
    expect(entries.map((entry) => entry.type)).toContain("node-drained");
    expect(countOf("node-2")).toBe(0);
    await cluster.until("every shard is hosted", () => cluster.isAllHosted());
    for (let i = 0; i < 30; i += 1) expect(await cluster.result(add("node-3", `e${i}`))).toBe(2);
    expect(cluster.state.term).toBe(1);
  });

  test("carries an operator's command and brings the answer back", async () => {
    await startCluster();
    await cut("node-1", "node-2");
    const node = nodeOf("node-2");
    await cluster.result(node.admin({ tag: "cordon", by: "t", nodeId: "node-3" }));
    expect(cluster.state.nodes.get("node-3")?.cordoned).toBe(true);
    const unknown = node.admin({ tag: "cordon", by: "t", nodeId: "node-9" });
    await expect(cluster.result(unknown)).rejects.toMatchObject({ code: "NODE_UNKNOWN" });
  });

  test("is refused by letter, too", async () => {
    await startCluster();
    cluster.links.cut("node-1", "node-4");
    const odd = cluster.add("node-4", { shards: 17 });
    await expect(cluster.result(odd.started)).rejects.toThrow(/has 16 shards .* declares 17/);
  });

  test("gets an answer within a few hundredths of a second", async () => {
    await startCluster();
    await cut("node-1", "node-2");
    await cluster.run(400);
    const startMs = cluster.clock.monotonicMs();
    await cluster.result(nodeOf("node-2").admin({ tag: "cordon", by: "t", nodeId: "node-3" }));
    expect(cluster.clock.monotonicMs() - startMs).toBeLessThan(20);
  });
});

describe("letters", () => {
  test("are not written while the links are whole", async () => {
    cluster = new MemoryCluster({ entities: [Counter] });
    const letters = countLetters();
    for (const id of ["node-1", "node-2", "node-3"]) cluster.add(id);
    await cluster.until("every shard is hosted", () => cluster.isAllHosted());
    await cluster.result(nodeOf("node-2").drain(10_000));
    cluster.nodes.delete("node-2");
    await cluster.until("every shard is hosted", () => cluster.isAllHosted());
    expect(letters()).toBe(0);
  });
});
