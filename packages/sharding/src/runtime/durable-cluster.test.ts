import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { ownerOf } from "../core/cluster.ts";
import { shardOf } from "../core/hash.ts";
import type { EntityOptions } from "../node-api.ts";
import { JournalCheck } from "../testkit/journal-check.ts";
import { MemoryCluster } from "../testkit/memory-cluster.ts";
import { command, defineEntity, emit } from "./entities/definition.ts";

const Tally = defineEntity("tally", {
  state: () => ({ value: 0 }),
  events: { added: ({ value }, by: number) => ({ value: value + by }) },
  commands: {
    add: command(z.object({ by: z.number() }), ({ state }, { by }) =>
      emit(state.value + by, { added: by }),
    ),
    get: command(({ state }) => state.value),
  },
});

const shards = 16;

describe("durable entities of a cluster in memory", () => {
  let cluster: MemoryCluster;
  let check: JournalCheck;

  beforeEach(async () => {
    cluster = new MemoryCluster({ entities: [Tally], shards });
    check = new JournalCheck();
    cluster.postgres.onJournal(check.see);
    for (let i = 1; i <= 3; i += 1) cluster.add(`node-${i}`);
    await cluster.until("every shard is hosted", () => cluster.isAllHosted());
  });

  afterEach(async () => {
    await cluster.stop();
  });

  const nodeOf = (nodeId: string) => {
    const found = cluster.nodes.get(nodeId);
    if (found === undefined) throw new Error(`There is no ${nodeId}.`);
    return found;
  };

  const homeOf = (id: string): string => {
    const row = cluster.rows()[shardOf("default", "tally", id, shards)];
    return (row === undefined ? undefined : ownerOf(row)?.nodeId) ?? "-";
  };

  const other = (than: string) => ["node-1", "node-2", "node-3"].find((id) => id !== than) ?? "";

  const tally = (via: string, id: string, options?: EntityOptions) =>
    nodeOf(via).node.entity(Tally, id, options);

  const add = (via: string, id: string, by = 1, options?: EntityOptions) =>
    cluster.result(tally(via, id, options).add({ by }));

  const livesElsewhere = async (id: string) => {
    await cluster.until("its shard lives elsewhere", () => homeOf(id) !== "node-2");
    await cluster.until("every shard is hosted", () => cluster.isAllHosted());
  };

  const idAt = (nodeId: string): string => {
    for (let i = 0; i < 1_000; i += 1) if (homeOf(`e${i}`) === nodeId) return `e${i}`;
    throw new Error(`No entity lives on ${nodeId}.`);
  };

  test("what was acknowledged is there after their home was killed (S5)", async () => {
    const id = idAt("node-2");
    for (let i = 1; i <= 5; i += 1) expect(await add("node-1", id)).toBe(i);
    nodeOf("node-2").kill();
    await livesElsewhere(id);
    expect(await cluster.result(tally("node-1", id).get())).toBe(5);
    expect(await add("node-3", id)).toBe(6);
    expect(check.versionOf("default", "tally", id)).toBe(6);
  });

  test("move with their shard, and no call fails", async () => {
    const id = idAt("node-2");
    const shard = shardOf("default", "tally", id, shards);
    await add("node-1", id);
    const moves = [{ group: "default", shard, to: "node-3" }];
    const plan = { tag: "plan", by: "test", request: { kind: "move", moves } } as const;
    const { planId } = await cluster.result(nodeOf("node-1").node.admin(plan));
    const apply = { tag: "plan-control", by: "test", planId: planId ?? "", verb: "apply" } as const;
    const applied = nodeOf("node-1").node.admin(apply);
    const answers: Promise<number>[] = [];
    while (homeOf(id) !== "node-3") {
      answers.push(tally("node-1", id).add({ by: 1 }));
      await cluster.run(1);
    }
    await cluster.result(applied);
    const values = await cluster.result(Promise.all(answers));
    expect(values).toEqual(values.map((_, index) => index + 2));
    expect(await cluster.result(tally("node-2", id).get())).toBe(values.length + 1);
  });

  test("come to their next home as they are: it reads nothing", async () => {
    const id = idAt("node-2");
    const shard = shardOf("default", "tally", id, shards);
    await add("node-1", id, 7);
    const replay = vi.spyOn(cluster.postgres.journals.tables, "replay");
    const moves = [{ group: "default", shard, to: "node-3" }];
    const plan = { tag: "plan", by: "test", request: { kind: "move", moves } } as const;
    const { planId } = await cluster.result(nodeOf("node-1").node.admin(plan));
    const apply = { tag: "plan-control", by: "test", planId: planId ?? "", verb: "apply" } as const;
    await cluster.result(nodeOf("node-1").node.admin(apply));
    await cluster.until("it has moved", () => homeOf(id) === "node-3" && cluster.isAllHosted());
    expect(await add("node-1", id)).toBe(8);
    expect(replay).not.toHaveBeenCalled();
  });

  test("are never taken from whoever does not hand the shard over", async () => {
    const id = idAt("node-2");
    const shard = shardOf("default", "tally", id, shards);
    await add("node-1", id, 7);
    const stranger = cluster.stranger("node-9");
    await cluster.until("it is connected", () => stranger.connected().length === 3);
    const forged = { namespace: "default", type: "tally", id, state: { value: 999 } };
    const message = {
      ...{ tag: "warm-state", group: "default", shard, epoch: cluster.rows()[shard]?.epoch },
      entities: [{ ...forged, version: 1, unkept: 1 }],
    };
    for (const to of ["node-1", "node-3"]) stranger.send(to, "data", message, "handoff");
    await cluster.run(10);
    nodeOf("node-2").kill();
    await livesElsewhere(id);
    expect(await cluster.result(tally("node-1", id).get())).toBe(7);
    await stranger.close();
  });

  test("a home that was cut from Postgres never writes again, however late its append (S4)", async () => {
    const id = idAt("node-2");
    await add("node-2", id);
    const { postgres } = nodeOf("node-2");
    postgres.cut();
    const lost = tally("node-2", id).add({ by: 10 });
    const failed = expect(lost).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN" });
    await livesElsewhere(id);
    // The new owner has read, and written nothing: only the fence keeps the late append out.
    expect(await cluster.result(tally(other("node-2"), id).get())).toBe(1);
    postgres.heal();
    await cluster.run(3_000);
    await failed;
    expect(check.versionOf("default", "tally", id)).toBe(1);
    expect(await add(other("node-2"), id)).toBe(2);
  });

  test("under a key a command takes effect once, though its home dies after it (S5)", async () => {
    const id = idAt("node-2");
    await add("node-1", id, 1, { key: "first" });
    const asked = tally("node-1", id, { key: "second" }).add({ by: 5 });
    const stop = cluster.postgres.onJournal((change) => {
      if (change.tag === "outcome-kept" && change.key === "second") nodeOf("node-2").kill();
    });
    expect(await cluster.result(asked)).toBe(6);
    stop();
    expect(cluster.nodes.has("node-2")).toBe(false);
    expect(await cluster.result(tally("node-3", id).get())).toBe(6);
  });

  test("a hung append of a killed home does not keep its entities from their next one", async () => {
    const id = idAt("node-2");
    await add("node-1", id);
    cluster.postgres.journals.hangAppends(1);
    const lost = tally("node-1", id).add({ by: 10 });
    const failed = expect(lost).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN" });
    await cluster.run(5);
    nodeOf("node-2").vanish();
    await livesElsewhere(id);
    expect(await add("node-3", id)).toBe(2);
    await failed;
    expect(cluster.postgres.journals.resumeHung()).toBe(0);
  });

  test("a restart of Postgres loses nothing that was acknowledged", async () => {
    const ids = ["node-1", "node-2", "node-3"].map(idAt);
    for (const id of ids) await add("node-1", id);
    cluster.postgres.stop();
    const waiting = ids.map((id) => tally("node-1", id).add({ by: 1 }));
    await cluster.run(200);
    cluster.postgres.start();
    expect(await cluster.result(Promise.all(waiting))).toEqual([2, 2, 2]);
    expect(check.events).toBe(6);
  });
});
