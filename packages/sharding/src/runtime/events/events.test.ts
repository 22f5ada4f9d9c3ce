import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { shardOf } from "../../core/hash.ts";
import type { Cursor, EntityEvent, EventFilter, SubscribeOptions } from "../../event-api.ts";
import { JournalCheck } from "../../testkit/journal-check.ts";
import { MemoryCluster } from "../../testkit/memory-cluster.ts";
import { command, defineEntity, emit, remove } from "../entities/definition.ts";

const add = command(
  z.object({ by: z.number() }),
  ({ state }: { state: { value: number } }, { by }) => emit(state.value + by, { added: by }),
);
const added = ({ value }: { value: number }, by: number) => ({ value: value + by });
const Tally = defineEntity("tally", {
  state: () => ({ value: 0 }),
  events: { added },
  commands: { add, end: command(({ state }) => remove(state.value)) },
});
/** What a later version of the program knows: its events have another shape. */
const LaterTally = defineEntity("tally", {
  state: () => ({ value: 0 }),
  events: { added: ({ value }, { by }: { by: number }) => ({ value: value + by }) },
  upcasts: { added: [(by) => ({ by })] },
  commands: {
    add: command(z.object({ by: z.number() }), ({ state }, { by }) =>
      emit(state.value + by, { added: { by } }),
    ),
  },
});
const Other = defineEntity("other", {
  state: () => ({ value: 0 }),
  events: { added },
  commands: { add },
});
const Volatile = defineEntity("volatile", {
  state: () => ({ value: 0 }),
  commands: { get: command(({ state }) => state.value) },
});
const entities = [Tally, Other, Volatile];
const shards = 16;

describe("following the events of a cluster in memory", () => {
  let cluster: MemoryCluster;
  let journal: JournalCheck;

  beforeEach(async () => {
    cluster = new MemoryCluster({ entities, shards });
    journal = new JournalCheck();
    cluster.postgres.onJournal(journal.see);
    for (let i = 1; i <= 3; i += 1) cluster.add(`node-${i}`);
    await cluster.until("every shard is hosted", () => cluster.isAllHosted());
  });

  afterEach(async () => {
    await cluster.stop();
  });

  const nodeOf = (i: number) => {
    const found = cluster.nodes.get(`node-${i}`);
    if (found === undefined) throw new Error(`There is no node-${i}.`);
    return found;
  };

  const add1 = (via: number, id: string, namespace = "default", type = "tally") =>
    nodeOf(via).node.ask({ type, id, namespace, command: "add", input: { by: 1 } });
  const store = (...asked: Parameters<typeof add1>) => cluster.result(add1(...asked));

  /** A subscription that keeps what it is given. */
  const follow = async (via: number, filter: EventFilter = {}, options: SubscribeOptions = {}) => {
    const got: EntityEvent[] = [];
    const cursors: Cursor[] = [];
    const subscription = await cluster.result(
      nodeOf(via).node.subscribe(
        filter,
        (events, cursor) => {
          got.push(...events);
          cursors.push(cursor());
        },
        options,
      ),
    );
    const names = () => got.map(({ entity, version }) => `${entity.id} ${version}`);
    return { subscription, got, cursors, names };
  };
  const start = { from: "start" } as const;

  test("what is stored comes first, then what happens, each entity's in their order", async () => {
    for (const via of [1, 2, 3]) await store(via, "a");
    const all = await Promise.all([1, 2, 3].map((via) => follow(via, {}, start)));
    for (const via of [1, 2, 3]) await store(via, "a");
    await store(1, "b");
    for (const { got, names } of all) {
      await cluster.until("it has all of them", () => got.length === 7);
      expect(names().filter((name) => name.startsWith("a"))).toEqual(
        [1, 2, 3, 4, 5, 6].map((version) => `a ${version}`),
      );
      expect(got[0]).toEqual({
        entity: { namespace: "default", type: "tally", id: "a" },
        ...{ version: 1, name: "added", data: 1, at: got[0]?.at },
      });
    }
  });

  test("without from, only what is stored from now on", async () => {
    await store(1, "a");
    const { got, names } = await follow(2);
    await store(1, "a");
    await store(1, "b");
    await cluster.until("they came", () => got.length === 2);
    await cluster.run(3_000);
    expect(names()).toEqual(["a 2", "b 1"]);
  });

  test("an event is there within some milliseconds of its commit, on every node", async () => {
    const all = await Promise.all([1, 2, 3].map((via) => follow(via)));
    await cluster.run(50);
    for (let n = 1; n <= 20; n += 1) {
      await store(1 + (n % 3), `e${n}`);
      const isThere = () => all.every(({ got }) => got.length === n);
      expect(await cluster.until("all have it", isThere)).toBeLessThan(30);
    }
  });

  test("hints that get lost cost a second, and no event", async () => {
    const { got } = await follow(2);
    await cluster.run(50);
    const id = idsAt(1, 1)[0] ?? "";
    const heal = cluster.links.cut("node-1", "node-2");
    const told = add1(1, id);
    const tookMs = await cluster.until("it is there", () => got.length === 1);
    expect(tookMs).toBeGreaterThan(30);
    expect(tookMs).toBeLessThan(1_050);
    heal();
    await cluster.result(told);
  });

  const idsAt = (node: number, count: number): string[] => {
    const rows = cluster.rows();
    const isHere = (id: string): boolean => {
      const row = rows[shardOf("default", "tally", id, shards)];
      return row !== undefined && "owner" in row && row.owner.nodeId === `node-${node}`;
    };
    return Array.from({ length: 1_000 }, (_, n) => `e${n}`)
      .filter(isHere)
      .slice(0, count);
  };

  test("namespaces are followed by name, and none shows another's", async () => {
    for (const namespace of ["default", "red", "blue"]) await store(1, "a", namespace);
    const mine = await follow(1, {}, start);
    const red = await follow(2, { namespace: "red" }, start);
    const both = await follow(3, { namespace: ["red", "blue"] }, start);
    for (const namespace of ["default", "red", "blue"]) await store(2, "a", namespace);
    await cluster.until("they came", () => both.got.length === 4);
    await cluster.run(2_000);
    const namespaces = ({ got }: typeof mine) => got.map(({ entity }) => entity.namespace).sort();
    expect(namespaces(mine)).toEqual(["default", "default"]);
    expect(namespaces(red)).toEqual(["red", "red"]);
    expect(namespaces(both)).toEqual(["blue", "blue", "red", "red"]);
  });

  test("entity types, or one entity, are followed alone", async () => {
    const typed = await follow(1, { types: ["other"] }, start);
    const one = await follow(2, { entity: { type: "tally", id: "a" } }, start);
    for (const id of ["a", "b"]) {
      await store(3, id);
      await store(3, id, "default", "other");
      await store(3, id, "red");
    }
    await store(3, "a");
    await cluster.until("they came", () => typed.got.length === 2 && one.got.length === 2);
    await cluster.run(2_000);
    expect(typed.got.map(({ entity }) => `${entity.type} ${entity.id}`).sort()).toEqual([
      ...["other a", "other b"],
    ]);
    expect(one.names()).toEqual(["a 1", "a 2"]);
  });

  test("an event comes after its commit, and not before", async () => {
    const { got } = await follow(2);
    cluster.postgres.journals.hangAppends(1);
    const told = add1(1, "a");
    await cluster.run(1_500);
    expect(got).toEqual([]);
    cluster.postgres.journals.resumeHung();
    await cluster.result(told);
    await cluster.until("it is there", () => got.length === 1);
  });

  test("whoever is slow is waited for, and gets everything", async () => {
    for (let n = 0; n < 30; n += 1) await store(1, "a");
    const got: number[] = [];
    let running = 0;
    let most = 0;
    const handle = async (events: readonly EntityEvent[]) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => {
        cluster.clock.after(500, resolve);
      });
      got.push(...events.map(({ version }) => version));
      running -= 1;
    };
    await cluster.result(nodeOf(2).node.subscribe({}, handle, start));
    for (let n = 0; n < 30; n += 1) await store(1, "a");
    await cluster.until("it has all", () => got.length === 60);
    expect(got).toEqual(got.map((_, index) => index + 1));
    expect(most).toBe(1);
  });

  test("a handler that throws ends it with that error, and its events come again", async () => {
    await store(1, "a");
    const broken = new Error("No.");
    const { subscription } = await follow(1, {}, start);
    await cluster.run(10);
    const handle = async () => {
      throw broken;
    };
    const from = subscription.cursor();
    const failing = await cluster.result(nodeOf(2).node.subscribe({}, handle, { from }));
    const ended = expect(failing.ended).rejects.toBe(broken);
    await store(1, "a");
    await store(1, "b");
    await cluster.result(ended);
    expect(failing.cursor()).toBe(from);
    const again = await follow(2, {}, { from: failing.cursor() });
    await cluster.until("they came", () => again.got.length === 2);
    expect(again.names()).toEqual(["a 2", "b 1"]);
  });

  test("a cursor that was kept with what was handled goes on exactly there, on any node", async () => {
    const seen: string[] = [];
    let kept: Cursor | "start" = "start";
    for (let round = 1; round <= 6; round += 1) {
      await store(1, "a");
      await store(2, `b${round}`);
      const { subscription, cursors, got, names } = await follow(
        (round % 3) + 1,
        {},
        {
          from: kept,
        },
      );
      await cluster.until("they came", () => got.length === 2);
      kept = JSON.parse(JSON.stringify(cursors.at(-1)));
      seen.push(...names());
      subscription.close();
      await cluster.result(subscription.ended);
    }
    expect(seen.toSorted()).toEqual(
      [1, 2, 3, 4, 5, 6].flatMap((n) => [`a ${n}`, `b${n} 1`]).toSorted(),
    );
  });

  test("a cursor from the future is refused, and so is one of something else", async () => {
    await store(1, "a");
    const { subscription, got } = await follow(1, {}, start);
    await cluster.until("it came", () => got.length === 1);
    const cursor = subscription.cursor();
    const refused = async (from: string, filter: EventFilter, why: string) => {
      const asked = cluster.result(nodeOf(2).node.subscribe(filter, () => undefined, { from }));
      const message = expect.stringContaining(why);
      await expect(asked).rejects.toMatchObject({ code: "CURSOR_INVALID", message });
    };
    await refused(cursor.replace(",1]", ",2]"), {}, "whose last one is 1");
    await refused(cursor.slice(1), {}, "nor a cursor");
    await refused("*", {}, "nor a cursor");
    await refused(cursor.replace('"default"', '"elsewhere"'), {}, 'cluster "elsewhere"');
    await refused(cursor, { entity: { type: "tally", id: "a" } }, "follows: default/");
  });

  test.each<[EventFilter, string, string]>([
    [{ namespace: "*" }, "OPTIONS_INVALID", '"*" must have'],
    [{ namespace: "" }, "OPTIONS_INVALID", "at least one"],
    [{ namespace: [] }, "OPTIONS_INVALID", "at least one"],
    [{ types: [] }, "OPTIONS_INVALID", "types must name at least one"],
    [{ types: ["\0"] }, "OPTIONS_INVALID", "types must name at least one"],
    [{ entity: { type: "tally", id: "\0" } }, "OPTIONS_INVALID", "U+0000"],
    [{ types: ["volatile"] }, "OPTIONS_INVALID", "is volatile"],
    [{ entity: { type: "volatile", id: "a" } }, "OPTIONS_INVALID", "is volatile"],
    [{ entity: { type: "nothing", id: "a" } }, "ENTITY_TYPE_UNKNOWN", "known types"],
    [{ entity: { type: "tally", id: "" } }, "OPTIONS_INVALID", "The id must"],
    [{ entity: { type: "tally", id: "a" }, types: ["tally"] }, "OPTIONS_INVALID", "not both"],
    [
      { entity: { type: "tally", id: "a" }, namespace: ["a", "b"] },
      "OPTIONS_INVALID",
      "one namesp",
    ],
  ])("%j is refused", async (filter, code, why) => {
    const asked = cluster.result(nodeOf(1).node.subscribe(filter, () => undefined));
    await expect(asked).rejects.toMatchObject({ code, message: expect.stringContaining(why) });
  });

  test("it waits while Postgres is away, and misses nothing", async () => {
    const { got } = await follow(2);
    await cluster.run(50);
    const { postgres } = nodeOf(2);
    postgres.cut();
    await cluster.run(100);
    // Not through the node that is cut off: its shards have to move first.
    const asked = idsAt(1, 3).map((id) => add1(1, id));
    await cluster.run(3_000);
    expect(got).toEqual([]);
    postgres.heal();
    await cluster.result(Promise.all(asked));
    await cluster.until("they came", () => got.length === 3);
    cluster.postgres.stop();
    await cluster.run(300);
    cluster.postgres.start();
    await store(1, idsAt(1, 1)[0] ?? "");
    await cluster.until("it came", () => got.length === 4);
  });

  test("it ends when events that it was given are lost in a failover", async () => {
    await store(1, "a");
    const takeOver = cluster.postgres.lagBehind();
    const { subscription, got } = await follow(2, {}, start);
    await store(1, "a");
    await cluster.until("both came", () => got.length === 2);
    const ended = expect(subscription.ended).rejects.toMatchObject({ code: "CURSOR_INVALID" });
    takeOver();
    await cluster.run(3_000);
    await ended;
  });

  test("a removal is an event, and what was removed unread is a hole before it", async () => {
    const { got } = await follow(2);
    await store(1, "a");
    await cluster.until("it came", () => got.length === 1);
    nodeOf(2).postgres.cut();
    const others = idsAt(1, 1);
    for (const id of others) await store(1, id);
    for (const id of others) await cluster.result(nodeOf(1).node.entity(Tally, id).end());
    nodeOf(2).postgres.heal();
    await cluster.until("it came", () => got.length === 2);
    expect(got[1]).toMatchObject({
      ...{ entity: { id: others[0] }, version: 2, name: "$removed", data: null },
    });
  });

  test("a node that knows a later shape gives that one, and one without the type what is stored", async () => {
    await store(1, "a");
    for (const [nodeId, known] of [
      ["node-4", [LaterTally, Other, Volatile]],
      ["node-5", [Other, Volatile]],
    ] as const) {
      const { node, started } = cluster.add(nodeId, { entities: known, rebalance: "manual" });
      await cluster.result(started);
      const got: EntityEvent[] = [];
      const handle = (events: readonly EntityEvent[]) => void got.push(...events);
      await cluster.result(node.subscribe({ types: ["tally"] }, handle, start));
      await cluster.until("it came", () => got.length === 1);
      expect(got[0]?.data).toEqual(nodeId === "node-4" ? { by: 1 } : 1);
    }
  });

  test.each([
    ["of a later version", { type: "added", data: {}, steps: 3 }, "3 upcasts"],
    ["that is nothing of the kind", "text", "not what an entity stores"],
  ])("an event %s ends it, before anything of its page is handled", async (_what, event, why) => {
    const shard = shardOf("default", "tally", "bad", shards);
    const place = { group: "default", shard };
    await store(1, "bad");
    const head = cluster.postgres.journals.tables.head({ ...place, epoch: 1 });
    if (head === undefined) throw new Error("Nobody has claimed it.");
    const { subscription, got } = await follow(2);
    const ended = expect(subscription.ended).rejects.toMatchObject({
      ...{ code: "EVENT_UNREADABLE", message: expect.stringContaining(why) },
    });
    cluster.postgres.journals.tables.append({
      ...{ ...head, namespace: "default", type: "tally", id: "bad", version: 1 },
      ...{ commandId: "c", events: [event], outcome: null, isRemoval: false, timers: null },
    });
    await cluster.run(2_000);
    await ended;
    expect(got).toEqual([]);
  });

  test("it ends when it is closed, by its signal, or with its node", async () => {
    const abort = new AbortController();
    const closed = await follow(1);
    const aborted = await follow(1, {}, { signal: abort.signal });
    const dead = await follow(1, {}, { signal: AbortSignal.abort() });
    const stopped = await follow(2);
    closed.subscription.close();
    abort.abort();
    await cluster.result(nodeOf(2).node.stop());
    for (const { subscription } of [closed, aborted, dead, stopped]) {
      await cluster.result(subscription.ended);
    }
    const late = nodeOf(1).node.entity(Tally, "a").add({ by: 1 });
    await cluster.result(late);
    await cluster.run(2_000);
    for (const { got } of [closed, aborted, dead, stopped]) expect(got).toEqual([]);
  });

  test("1,000 events are followed while they are stored, a home dies and shards move: none lost, none reordered", async () => {
    const all = await Promise.all([follow(1), follow(3)]);
    const asked: Promise<boolean>[] = [];
    for (let n = 0; n < 1_000; n += 1) {
      asked.push(isAnswered(add1(n % 2 === 0 ? 1 : 3, `e${n % 50}`)));
      if (n === 400) nodeOf(2).kill();
      if (n % 5 === 0) await cluster.run(1);
    }
    const acknowledged = (await cluster.result(Promise.all(asked))).filter(Boolean).length;
    expect(acknowledged).toBeGreaterThan(900);
    for (const { got } of all) {
      await cluster.until("it has all", () => got.length === journal.events);
      expectInOrder(got);
    }
    expect(journal.events).toBeGreaterThanOrEqual(acknowledged);
  });
});

const isAnswered = (answer: Promise<unknown>): Promise<boolean> =>
  answer.then(
    () => true,
    () => false,
  );

/** Each entity's events, from the first on, each once. */
function expectInOrder(events: readonly EntityEvent[]): void {
  const versions = new Map<string, number>();
  for (const { entity, version } of events) {
    expect(version, entity.id).toBe((versions.get(entity.id) ?? 0) + 1);
    versions.set(entity.id, version);
  }
}
