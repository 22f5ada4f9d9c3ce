import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { MemoryCluster } from "../testkit/memory-cluster.ts";
import { type AnyEntityDefinition, command, defineEntity, emit } from "./entities/definition.ts";
import { viewStored } from "./entities/entity-view.ts";

const Tally = defineEntity("tally", {
  state: () => ({ value: 0 }),
  snapshotEvery: 4,
  events: { added: ({ value }, by: number) => ({ value: value + by }) },
  commands: {
    add: command(z.object({ by: z.number() }), ({ state, timers }, { by }) => {
      timers.set("later", { afterMs: 1_000_000, command: "get" });
      timers.set("start", { onStart: true, command: "get" });
      return emit(state.value + by, { added: by });
    }),
    get: command(({ state }) => state.value),
  },
});

const Cart = defineEntity("cart", { state: () => ({}), commands: { get: command(() => 1) } });

let cluster: MemoryCluster;

beforeEach(async () => {
  const entities = [Tally, Cart] as unknown as AnyEntityDefinition[];
  cluster = new MemoryCluster({ entities, shards: 8 });
  for (const id of ["node-1", "node-2"]) cluster.add(id);
  await cluster.until("every shard is hosted", () => cluster.isAllHosted());
});

afterEach(async () => {
  await cluster.stop();
});

const nodeOf = (id: string) => {
  const found = cluster.nodes.get(id);
  if (found === undefined) throw new Error(`There is no ${id}.`);
  return found.node;
};

const look = (via: string, type: string, id: string, events?: number) =>
  cluster.result(nodeOf(via).look({ type, id, ...(events === undefined ? {} : { events }) }));

test("every node sees where an entity lives and what is stored of it, and activates nothing", async () => {
  for (let by = 1; by <= 6; by += 1) {
    await cluster.result(nodeOf("node-1").entity(Tally, "lot-8").add({ by }));
  }
  const before = nodeOf("node-2").counters().entities + nodeOf("node-1").counters().entities;
  const [one, two] = [
    await look("node-1", "tally", "lot-8", 2),
    await look("node-2", "tally", "lot-8", 2),
  ];
  expect(two).toEqual(one);
  const request = { type: "tally", id: "lot-8", command: "get", input: undefined };
  const { servedBy } = await cluster.result(nodeOf("node-1").ask(request));
  expect(one).toMatchObject({ shard: servedBy.shard, epoch: servedBy.epoch });
  expect(one.home).toEqual({ nodeId: servedBy.nodeId, incarnation: servedBy.incarnation });
  expect(one.stored).toMatchObject({
    ...{ version: 6, state: { value: 21 }, fault: null },
    events: [
      { version: 5, type: "added", data: 5 },
      { version: 6, type: "added", data: 6 },
    ],
    timers: [
      { name: "later", command: "get", comesAgain: false },
      { name: "start", dueAt: null, command: "get", comesAgain: true },
    ],
  });
  expect(one.stored?.timers[0]?.dueAt).toBeInstanceOf(Date);
  const after = nodeOf("node-2").counters().entities + nodeOf("node-1").counters().entities;
  expect(after).toBe(before);
});

test("an entity that nobody has called has its initial state, and a volatile one nothing stored", async () => {
  expect((await look("node-1", "tally", "new")).stored).toEqual({
    ...{ version: 0, state: { value: 0 }, fault: null, events: [], timers: [] },
  });
  expect((await look("node-1", "cart", "c")).stored).toBeNull();
});

test("what cannot be folded here is said, and a bad address refused", async () => {
  await cluster.result(nodeOf("node-1").entity(Tally, "lot-8").add({ by: 1 }));
  const old = defineEntity("tally", {
    state: () => ({}),
    events: { other: (state) => state },
    commands: { get: command(() => 1) },
  });
  const { group, shard } = await look("node-1", "tally", "lot-8");
  const entity = { group, shard, namespace: "default", type: "tally", id: "lot-8" };
  const definition = old as unknown as AnyEntityDefinition;
  const view = await cluster.result(viewStored(cluster.postgres.journal(), definition, entity, 5));
  expect(view).toMatchObject({ version: null, state: null, events: [] });
  expect(view.fault).toContain('has no event "added" in this version; known: other.');
  expect(view.timers).toHaveLength(2);
  await expect(look("node-1", "nothing", "a")).rejects.toMatchObject({
    code: "ENTITY_TYPE_UNKNOWN",
  });
  await expect(look("node-1", "tally", "a\0")).rejects.toMatchObject({ code: "COMMAND_INVALID" });
});
