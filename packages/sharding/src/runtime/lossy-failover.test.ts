import { afterEach, describe, expect, test } from "vitest";
import { applyEntries, emptyCluster, ownerOf } from "../core/cluster.ts";
import { MemoryCluster } from "../testkit/memory-cluster.ts";
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

async function startCluster(): Promise<void> {
  cluster = new MemoryCluster({ entities: [Counter] });
  for (const id of ["node-1", "node-2", "node-3"]) cluster.add(id);
  await cluster.until("every shard is hosted", () => cluster.isAllHosted());
  await cluster.until("the copies are current", () => areCurrent());
}

afterEach(async () => {
  const { entries } = await cluster.result(cluster.postgres.store().readLog(0, 100_000));
  expect(applyEntries(emptyCluster(cluster.state.history), entries)).toEqual(cluster.state);
});

const nodes = () => [...cluster.nodes.values()].map(({ node }) => node);
const areCurrent = (): boolean =>
  nodes().every((node) => {
    const { history, seq } = node.authority().state;
    return history === cluster.state.history && seq === cluster.state.seq;
  });

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
        return cluster.state.history !== before.history && areCurrent();
      });
      await cluster.until(
        "every shard is served by its home alone",
        () => isServedByItsHome() && areCurrent(),
      );
      expect(cluster.state.term).toBeGreaterThan(before.term);
      for (const node of nodes()) {
        expect(node.authority().state).toEqual(cluster.state);
        const page = await cluster.result(node.readLog(0, 100_000));
        expect(page.history).toBe(cluster.state.history);
      }
      const answer = cluster.nodes.get("node-1")?.node.entity(Counter, "a").add();
      expect(await cluster.result(answer as Promise<number>)).toBe(1);
    },
  );

  test("that had everything goes on with the history that there is", async () => {
    await startCluster();
    const { history, term } = cluster.state;
    cluster.postgres.failOver();
    await cluster.until("somebody leads again", () => cluster.state.term > term);
    await cluster.until(
      "every shard is served by its home alone",
      () => isServedByItsHome() && areCurrent(),
    );
    expect(cluster.state.history).toBe(history);
  });
});

describe("a restore under nodes that go on", () => {
  test("to before a node had joined ends with every shard on its home alone, and none on two before", async () => {
    cluster = new MemoryCluster({ entities: [Counter] });
    cluster.add("node-1");
    cluster.add("node-2");
    await cluster.until("every shard is hosted", () => cluster.isAllHosted());
    const { seq, history } = cluster.state;
    cluster.add("node-3");
    await cluster.until("node-3 has its share", () => {
      return (
        isServedByItsHome() &&
        cluster.rows().filter((row) => ownerOf(row)?.nodeId === "node-3").length === 5
      );
    });
    const life = cluster.nodes.get("node-3")?.node.incarnation();
    cluster.postgres.tables.loseEntries(cluster.state.seq - seq);
    cluster.postgres.restart();
    await cluster.until("the new history is everybody's", () => {
      expect(openTwice()).toEqual([]);
      return cluster.state.history !== history && areCurrent();
    });
    await cluster.until("every shard is served by its home alone", () => {
      expect(openTwice()).toEqual([]);
      return isServedByItsHome() && areCurrent() && cluster.state.nodes.size === 3;
    });
    expect(cluster.nodes.get("node-3")?.node.incarnation()).toBe(life);
  });
});
