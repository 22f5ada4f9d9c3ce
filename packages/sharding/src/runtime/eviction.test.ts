import { afterEach, describe, expect, test } from "vitest";
import { CounterCluster } from "./fixtures/counter.ts";

const ttlMs = 1_000;

let cluster: CounterCluster;

/** Node-1 leads. After every millisecond: no shard is open on two nodes. */
async function startCluster(count: number): Promise<void> {
  cluster = new CounterCluster({ leaseTtlMs: ttlMs });
  await cluster.startLedByFirst(count);
}

afterEach(() => void cluster.expectReplay());

const stateOf = (id: string) => cluster.state.nodes.get(id)?.state;
const isEvicted = (id: string) => stateOf(id) === "evicted";
const evictions = () => cluster.entries().filter((entry) => entry.type === "node-evicted");

/** S1, watched at every step. */
function openTwice(): string[] {
  const seen = new Set<string>();
  const twice: string[] = [];
  for (const { node } of cluster.nodes.values()) {
    for (const shard of node.serving.openShards()) {
      if (seen.has(shard)) twice.push(shard);
      seen.add(shard);
    }
  }
  return twice;
}

async function untilWatched(sentence: string, isTrue: () => boolean): Promise<number> {
  return await cluster.until(sentence, () => {
    expect(openTwice()).toEqual([]);
    return isTrue();
  });
}

function isolate(id: string): () => void {
  const others = [...cluster.nodes.keys()].filter((other) => other !== id);
  const heals = others.map((other) => cluster.links.cut(id, other));
  return () => {
    for (const heal of heals) heal();
  };
}

describe("a node that no other can reach, while it renews", () => {
  test("is evicted within two and a half ttl, lets go, and its shards answer elsewhere", async () => {
    await startCluster(3);
    const life = cluster.nodeOf("node-3").node.incarnation();
    const heal = isolate("node-3");
    const ms = await untilWatched("it is evicted", () => isEvicted("node-3"));
    expect(ms).toBeGreaterThan(ttlMs);
    expect(ms).toBeLessThan(2.5 * ttlMs);
    await untilWatched("its shards are hosted elsewhere", () => {
      return cluster.shardsOf("node-3") === 0 && cluster.isAllHosted();
    });
    expect(cluster.nodeOf("node-3").node.counters().shardsServing).toBe(0);
    expect(cluster.nodeOf("node-3").node.isReady()).toBe(false);
    expect(cluster.state.term).toBe(1);
    heal();
    await untilWatched("it has its share again", () => {
      return cluster.shardsOf("node-3") >= 5 && cluster.isAllHosted();
    });
    expect(cluster.nodeOf("node-3").node.incarnation()).toBe(life);
    expect(cluster.nodeOf("node-3").node.isReady()).toBe(true);
  });

  test("yields when it leads, is evicted by the next coordinator, and does not lead again", async () => {
    await startCluster(3);
    const heal = isolate("node-1");
    await untilWatched("another node leads", () => cluster.state.coordinator?.nodeId !== "node-1");
    const { term } = cluster.state;
    await untilWatched("node-1's shards are hosted elsewhere", () => {
      return isEvicted("node-1") && cluster.shardsOf("node-1") === 0 && cluster.isAllHosted();
    });
    await cluster.run(5 * ttlMs);
    expect([cluster.state.term, term]).toEqual([2, 2]);
    heal();
    await untilWatched("node-1 has its share again", () => cluster.shardsOf("node-1") >= 5);
    expect(evictions()).toMatchObject([{ nodeId: "node-1" }]);
  });

  test("keeps its shards while the link flaps", async () => {
    await startCluster(3);
    for (let i = 0; i < 12; i += 1) {
      const heal = isolate("node-3");
      await cluster.run(0.7 * ttlMs);
      heal();
      await cluster.run(0.3 * ttlMs);
    }
    expect(evictions()).toEqual([]);
    expect(cluster.shardsOf("node-3")).toBe(5);
  });
});

describe("without a majority", () => {
  test("two nodes that cannot reach each other both keep what they have", async () => {
    await startCluster(2);
    isolate("node-2");
    await cluster.run(6 * ttlMs);
    expect(evictions()).toEqual([]);
    expect([cluster.shardsOf("node-1"), cluster.shardsOf("node-2"), cluster.state.term]).toEqual([
      8, 8, 1,
    ]);
  });

  test("a node that only the coordinator cannot reach stays", async () => {
    await startCluster(3);
    cluster.links.cut("node-1", "node-2");
    await cluster.run(6 * ttlMs);
    expect(evictions()).toEqual([]);
    expect(cluster.state.term).toBe(1);
  });
});

test("a node that stops while nobody reaches it leaves nothing behind", async () => {
  await startCluster(3);
  isolate("node-3");
  await cluster.until("it is evicted", () => isEvicted("node-3"));
  await cluster.result(cluster.nodeOf("node-3").node.drain(20_000));
  cluster.nodes.delete("node-3");
  await cluster.until("its shards are hosted elsewhere", () => {
    return cluster.shardsOf("node-3") === 0 && cluster.isAllHosted();
  });
});

test("a node that leads after those who evicted it died says to itself that it has stopped", async () => {
  await startCluster(3);
  const life = cluster.nodeOf("node-3").node.incarnation();
  isolate("node-3");
  let written = 0;
  cluster.postgres.subscribe(({ lettersTo }) => {
    if (lettersTo !== "") return;
    // Whoever takes the letter dies before anything follows from it.
    written += 1;
    cluster.postgres.letters.take({ coordinatorOf: 1 });
    for (const id of ["node-1", "node-2"]) cluster.nodes.get(id)?.kill();
  });
  await cluster.until("it has said so to them", () => written > 0);
  expect(isEvicted("node-3")).toBe(true);
  await cluster.until("it leads", () => cluster.state.coordinator?.nodeId === "node-3");
  await cluster.until("it serves every shard", () => {
    return cluster.shardsOf("node-3") === 16 && cluster.isAllHosted();
  });
  expect(cluster.nodeOf("node-3").node.incarnation()).toBe(life);
  expect(cluster.nodeOf("node-3").node.isReady()).toBe(true);
});
