import { afterEach, describe, expect, test } from "vitest";
import { logBroken } from "../core/invariants.ts";
import { CounterCluster } from "./fixtures/counter.ts";

let cluster: CounterCluster;

/** Three nodes that came up whole; node-1 leads. */
async function startCluster(): Promise<void> {
  cluster = new CounterCluster();
  await cluster.startLedByFirst(3);
}

afterEach(() => expect(logBroken(cluster.expectReplay())).toEqual([]));

const stateOf = (id: string) => cluster.state.nodes.get(id)?.state;
const isConnected = (from: string, to: string) =>
  cluster
    .nodeOf(from)
    .node.belief()
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
    await cluster.until(
      "it has its share",
      () => cluster.shardsOf("node-4") === 4 && cluster.isAllHosted(),
    );
    expect(isConnected("node-1", "node-4")).toBe(false);
    expect(cluster.state.term).toBe(1);
  });

  test("hands off with the state, drains and leaves", async () => {
    await startCluster();
    for (let i = 0; i < 30; i += 1) await cluster.result(cluster.count("node-3", `e${i}`));
    await cluster.result(
      cluster.nodeOf("node-1").node.admin({ tag: "cordon", by: "t", nodeId: "node-1" }),
    );
    await cut("node-1", "node-2");
    await cluster.result(cluster.nodeOf("node-2").node.drain(10_000));
    cluster.nodes.delete("node-2");
    const entries = cluster.entries();
    expect(entries.map((entry) => entry.type)).toContain("node-drained");
    expect(cluster.shardsOf("node-2")).toBe(0);
    await cluster.until("every shard is hosted", () => cluster.isAllHosted());
    for (let i = 0; i < 30; i += 1)
      expect(await cluster.result(cluster.count("node-3", `e${i}`))).toBe(2);
    expect(cluster.state.term).toBe(1);
  });

  test("carries an operator's command and brings the answer back", async () => {
    await startCluster();
    await cut("node-1", "node-2");
    const { node } = cluster.nodeOf("node-2");
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
    await cluster.result(
      cluster.nodeOf("node-2").node.admin({ tag: "cordon", by: "t", nodeId: "node-3" }),
    );
    expect(cluster.clock.monotonicMs() - startMs).toBeLessThan(20);
  });
});

describe("letters", () => {
  test("are not written while the links are whole", async () => {
    cluster = new CounterCluster();
    const letters = countLetters();
    await cluster.start(3);
    await cluster.result(cluster.nodeOf("node-2").node.drain(10_000));
    cluster.nodes.delete("node-2");
    await cluster.until("every shard is hosted", () => cluster.isAllHosted());
    expect(letters()).toBe(0);
  });
});
