import { afterEach, describe, expect, test } from "vitest";
import { logBroken } from "../../core/invariants.ts";
import { command, defineEntity, emit } from "../entities/definition.ts";
import { CounterCluster } from "../fixtures/counter.ts";

const Tally = defineEntity("tally", {
  state: () => ({ value: 0 }),
  events: { added: ({ value }, by: number) => ({ value: value + by }) },
  commands: { add: command(({ state }) => emit(state.value + 1, { added: 1 })) },
});

let cluster: CounterCluster;

const ids = Array.from({ length: 60 }, (_, index) => `c${index}`);

/** Every entity of so many, counted up through one node. */
async function countAll(via: string): Promise<readonly number[]> {
  return await cluster.result(Promise.all(ids.map((id) => cluster.count(via, id))));
}

afterEach(() => expect(logBroken(cluster.expectReplay())).toEqual([]));

describe("a cluster whose nodes have lanes", () => {
  test("answers from every node, and keeps each entity in one place", async () => {
    cluster = new CounterCluster({ lanes: 4 });
    await cluster.start(3);
    for (const [turn, via] of ["node-1", "node-2", "node-3", "node-1"].entries()) {
      expect(await countAll(via)).toEqual(ids.map(() => turn + 1));
    }
  });

  test("carries the state of what moves from lane to lane, when a node joins and when it drains", async () => {
    cluster = new CounterCluster({ lanes: 3 });
    await cluster.start(1);
    await countAll("node-1");
    cluster.add("node-2");
    await cluster.until("both have shards", () => cluster.shardsOf("node-2") === 8);
    expect(await countAll("node-2")).toEqual(ids.map(() => 2));
    const { node } = cluster.nodeOf("node-1");
    await cluster.result(node.drain(10_000));
    expect(await countAll("node-2")).toEqual(ids.map(() => 3));
  });

  test("takes over from a node that was killed", async () => {
    cluster = new CounterCluster({ lanes: 2 });
    await cluster.start(3);
    cluster.nodeOf("node-2").kill();
    await cluster.until("its shards are elsewhere", () => cluster.shardsOf("node-2") === 0);
    expect(await countAll("node-1")).toHaveLength(ids.length);
  });

  test("a lane that fails takes its node out: shards of the others are handed over with their state", async () => {
    cluster = new CounterCluster({ lanes: 2 });
    await cluster.start(2);
    await countAll("node-1");
    const victim = cluster.nodeOf("node-2");
    const before = new Set(await countAll("node-1"));
    expect([...before]).toEqual([2]);
    victim.lanes[0]?.fail(new Error("a handler's promise was rejected"));
    await cluster.until("the node has left", () => cluster.shardsOf("node-2") === 0);
    const counts = await countAll("node-1");
    // What lived in the lane begins anew, as after a crash; what lived beside it goes on.
    const begun = counts.filter((count) => count === 1).length;
    expect(begun).toBeGreaterThan(0);
    expect(begun).toBeLessThan(ids.length / 2);
    expect(counts.filter((count) => count === 3)).toHaveLength(ids.length - begun);
    await cluster.until("its row says so", () => cluster.state.nodes.get("node-2")?.state !== "up");
    expect(cluster.log.join("\n")).toContain("a handler's promise was rejected");
  });

  test("a lane that is stuck is ended, named, and its shards live elsewhere", async () => {
    cluster = new CounterCluster({ lanes: 2 });
    await cluster.start(2);
    await countAll("node-1");
    cluster.nodeOf("node-2").lanes[1]?.stick();
    const asked = countAll("node-1");
    asked.catch(() => undefined);
    await cluster.until("the node has left", () => cluster.shardsOf("node-2") === 0);
    expect(await countAll("node-1")).toHaveLength(ids.length);
    expect(cluster.log.join("\n")).toContain('"lane":1');
  });

  test("nothing of a life that has lost its lease is served, and the node begins again", async () => {
    cluster = new CounterCluster({ lanes: 2 });
    await cluster.start(2);
    const { node, postgres } = cluster.nodeOf("node-2");
    const life = node.incarnation();
    postgres.cut();
    await cluster.until("its shards are elsewhere", () => cluster.shardsOf("node-2") === 0);
    expect(await countAll("node-1")).toHaveLength(ids.length);
    postgres.heal();
    await cluster.until("it is back", () => node.incarnation() !== life && node.isReady());
    await cluster.until("it has shards", () => cluster.shardsOf("node-2") > 0);
    expect(await countAll("node-2")).toHaveLength(ids.length);
  });

  test("a node that has lost its lease takes no other before each lane has let go of the last one", async () => {
    cluster = new CounterCluster({ lanes: 2 });
    await cluster.start(2);
    const { node, postgres, lanes } = cluster.nodeOf("node-2");
    const leaseState = () => node.belief().lease.state;
    postgres.cut();
    await cluster.run(700);
    lanes[1]?.stick();
    await cluster.until("its lease is lost", () => leaseState() === "lost");
    postgres.heal();
    await cluster.run(400);
    expect(leaseState()).toBe("lost");
    lanes[1]?.unstick();
    await cluster.until("it has another", () => leaseState() === "held", 300);
  });

  test("stores durable entities from each lane, tells followers at once, and forgets nothing in a crash", async () => {
    cluster = new CounterCluster({ lanes: 2, entities: [Tally] });
    await cluster.start(2);
    const first = cluster.nodeOf("node-1").node;
    const second = cluster.nodeOf("node-2").node;
    let heard = 0;
    const following = first.subscribe({ types: ["tally"] }, (events) => {
      heard += events.length;
    });
    await cluster.result(following);
    await cluster.run(50);
    for (const [turn, id] of ids.entries()) {
      expect(await cluster.result(second.entity(Tally, id).add())).toBe(1);
      const tookMs = await cluster.until("it is heard of", () => heard === turn + 1);
      expect(tookMs).toBeLessThan(30);
    }
    cluster.nodeOf("node-2").kill();
    await cluster.until("its shards are elsewhere", () => cluster.shardsOf("node-2") === 0);
    const again = await cluster.result(Promise.all(ids.map((id) => first.entity(Tally, id).add())));
    expect(again).toEqual(ids.map(() => 2));
  });
});
