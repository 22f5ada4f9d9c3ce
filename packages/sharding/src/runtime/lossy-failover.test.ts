import { afterEach, describe, expect, test } from "vitest";
import { ownerOf } from "../core/cluster.ts";
import { CounterCluster } from "./fixtures/counter.ts";

let cluster: CounterCluster;

async function startCluster(): Promise<void> {
  cluster = new CounterCluster();
  await cluster.start(3);
  await cluster.until("the copies are current", () => cluster.areCopiesCurrent());
}

afterEach(() => void cluster.expectReplay());

const nodes = () => [...cluster.nodes.values()].map(({ node }) => node);

/** S1, by what the executors are told. */
function openTwice(): readonly string[] {
  const open = nodes()
    .filter((node) => node.serving.isAlive())
    .flatMap((node) => [...node.serving.openShards()]);
  return open.filter((shard, i) => open.indexOf(shard) !== i);
}

/** Every shard is open on its home alone, at its row's epoch. */
function isServedByItsHome(): boolean {
  const rows = cluster.rows();
  const held = nodes().flatMap((node) =>
    node
      .shardBeliefs()
      .filter((belief) => belief.serving)
      .map(({ shard, epoch }) => `${shard} ${node.nodeId} ${epoch}`),
  );
  const owned = rows.map((row, shard) => `${shard} ${ownerOf(row)?.nodeId} ${row.epoch}`);
  return cluster.isAllHosted() && held.sort().join() === owned.sort().join();
}

describe("a failover to a standby that lagged", () => {
  test.each([1, 5, 30])(
    "by %i entries begins another history, which every node takes",
    async (lost) => {
      await startCluster();
      const before = cluster.state;
      cluster.postgres.tables.loseEntries(lost);
      cluster.postgres.failOver();
      await cluster.until("the new history is everybody's", () => {
        return cluster.state.history !== before.history && cluster.areCopiesCurrent();
      });
      await cluster.until(
        "every shard is served by its home alone",
        () => isServedByItsHome() && cluster.areCopiesCurrent(),
      );
      expect(cluster.state.term).toBeGreaterThan(before.term);
      for (const node of nodes()) {
        expect(node.authority().state).toEqual(cluster.state);
        const page = await cluster.result(node.readLog(0, 100_000));
        expect(page.history).toBe(cluster.state.history);
      }
      expect(await cluster.result(cluster.count("node-1", "a"))).toBe(1);
    },
  );

  test("that had everything goes on with the history that there is", async () => {
    await startCluster();
    const { history, term } = cluster.state;
    cluster.postgres.failOver();
    await cluster.until("somebody leads again", () => cluster.state.term > term);
    await cluster.until(
      "every shard is served by its home alone",
      () => isServedByItsHome() && cluster.areCopiesCurrent(),
    );
    expect(cluster.state.history).toBe(history);
  });
});

describe("a restore under nodes that go on", () => {
  test("to before a node had joined ends with every shard on its home alone, and none on two before", async () => {
    cluster = new CounterCluster();
    await cluster.start(2);
    const { seq, history } = cluster.state;
    cluster.add("node-3");
    await cluster.until("node-3 has its share", () => {
      return isServedByItsHome() && cluster.shardsOf("node-3") === 5;
    });
    const life = cluster.nodeOf("node-3").node.incarnation();
    cluster.postgres.tables.loseEntries(cluster.state.seq - seq);
    cluster.postgres.restart();
    await cluster.until("the new history is everybody's", () => {
      expect(openTwice()).toEqual([]);
      return cluster.state.history !== history && cluster.areCopiesCurrent();
    });
    await cluster.until("every shard is served by its home alone", () => {
      expect(openTwice()).toEqual([]);
      return isServedByItsHome() && cluster.areCopiesCurrent() && cluster.state.nodes.size === 3;
    });
    expect(cluster.nodeOf("node-3").node.incarnation()).toBe(life);
  });
});
