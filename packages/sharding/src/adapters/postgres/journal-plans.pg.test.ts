import { randomUUID } from "node:crypto";
import { type Client, escapeLiteral } from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type TestCluster, testClusters } from "./fixtures/test-cluster.ts";
import { appendPlanning, journalPlanning } from "./journal-connection.ts";
import { KnownEnds } from "./known-ends.ts";
import { valuesOfMany, valuesOfOne } from "./plain-appends.ts";
import { appendEvents, appendRemoval, appendTimed } from "./sql/append-events.ts";
import { appendMany, appendOne } from "./sql/append-plain.ts";
import { claimHeads } from "./sql/claim-heads.ts";
import { dueTimers } from "./sql/due-timers.ts";
import { deleteEvents, keepSnapshots } from "./sql/keep-snapshots.ts";
import { findCommand, readEvents, replayEntity } from "./sql/read-entity.ts";
import { readFeed, readLatest } from "./sql/read-feed.ts";
import { writtenAppend } from "./written-append.ts";

/**
 * A young table that nobody has analyzed, with many events of one shard: there the planner has nothing but
 * the statement to go by, and the wrong key costs all events of the shard for each command.
 */
describe("in a journal that nobody has analyzed", () => {
  const createCluster = testClusters();
  const incarnation = randomUUID();
  const head = { group_name: "default", shard: 0, epoch: 1, incarnation };
  const entity = ["default", 0, "register", "default", "an-entity-with-a-long-name-7"];
  let cluster: TestCluster;
  let client: Client;

  beforeEach(async () => {
    cluster = await createCluster();
    client = await cluster.connect();
    for (const [name, value] of Object.entries(journalPlanning)) {
      await client.query("select set_config($1, $2, false)", [name, value]);
    }
    await client.query(
      `insert into ${cluster.schema}.heads
       select 'default', n, 1, $1, 0 from generate_series(0, 2000) n`,
      [incarnation],
    );
    await client.query(
      `insert into ${cluster.schema}.journal
       select 'default', 0, n, 'default', 'register', 'an-entity-with-a-long-name-' || n, 1, 1, gen_random_uuid(), 0, '{}'
       from generate_series(1, 40000) n`,
    );
  });

  beforeEach(async () => {
    await client.query(
      `insert into ${cluster.schema}.timers
       select 'default', 0, 'register', 'default', 'an-entity-with-a-long-name-' || n, 't', now(),
         gen_random_uuid(), 'c', 'null', null
       from generate_series(1, 20000) n`,
    );
  });

  afterEach(async () => {
    await cluster.close();
  });

  const planOf = async (statement: (schema: string) => string, values: unknown[]) => {
    const { rows } = await client.query<{ "QUERY PLAN": string }>(
      `explain ${statement(cluster.schema)}`,
      values,
    );
    return rows.map((row) => row["QUERY PLAN"]).join("\n");
  };

  const items = JSON.stringify([
    {
      ...{
        n: 0,
        ...head,
        namespace: "default",
        entity_type: "register",
        entity_id: "an-entity-with-a-long-name-7",
      },
      ...{ version: 1, command_id: randomUUID(), events: [1] },
    },
  ]);

  it("an append looks for its entity, and for its head, by their own keys", async () => {
    expectAppended(await planOf(appendEvents, [items]));
  });

  const expectAppended = (plan: string) => {
    expect(plan).toContain("journal_version_key");
    expect(plan).toContain("heads_pkey");
    expect(plan).not.toContain("journal_pkey");
    expect(plan).not.toContain("outcomes_expires_at");
    expect(plan).not.toMatch(/Seq Scan on heads(?! h_1)/);
  };

  it.each([
    ["all appends", appendEvents],
    ["all appends with timers", appendTimed],
  ])("so does the plan that is made for %s of a connection", async (_what, statement) => {
    for (const [name, value] of Object.entries(appendPlanning)) {
      await client.query("select set_config($1, $2, false)", [name, value]);
    }
    await client.query(`prepare append as ${statement(cluster.schema)}`);
    const { rows } = await client.query<{ "QUERY PLAN": string }>(
      `explain execute append(${escapeLiteral(items)})`,
    );
    const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
    expectAppended(plan);
    expect(plan).not.toMatch(/Seq Scan on timers/);
    const prepared = "select generic_plans::int as count from pg_prepared_statements";
    expect((await client.query(prepared)).rows, "made for any items").toEqual([{ count: 1 }]);
  });

  const plain = writtenAppend({
    ...{
      group: "default",
      shard: 0,
      epoch: 1,
      incarnation,
      namespace: "default",
      type: "register",
    },
    ...{ id: "an-entity-with-a-long-name-7", version: 1, commandId: randomUUID(), events: [1] },
    ...{ outcome: null, isRemoval: false, timers: null },
  });

  it.each([
    ["one event", appendOne, valuesOfOne(plain)],
    ["many events", appendMany, valuesOfMany([plain], new KnownEnds())?.values ?? []],
  ])(
    "an append of %s uses those keys, also when it is planned once",
    async (_what, sql, values) => {
      for (const [name, value] of Object.entries(appendPlanning)) {
        await client.query("select set_config($1, $2, false)", [name, value]);
      }
      await client.query(`prepare plain as ${sql(cluster.schema)}`);
      const given = values.map(literalOf).join(", ");
      const { rows } = await client.query<{ "QUERY PLAN": string }>(
        `explain execute plain(${given})`,
      );
      const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
      expect(plan).toContain("journal_version_key");
      expect(plan).toContain("heads_pkey");
      expect(plan).not.toContain("journal_pkey");
    },
  );

  it("an append with timers finds each of them by its own key", async () => {
    const plan = await planOf(appendTimed, [items]);
    expect(plan).toMatch(/Index (Only )?Scan using timers_pkey on timers d/);
    expect(plan).toMatch(/Index (Only )?Scan using timers_pkey on timers t/);
    expect(plan).not.toMatch(/Seq Scan on timers/);
    expect(plan).toContain("journal_version_key");
  });

  it("what is due is found by its shard and its time", async () => {
    const plan = await planOf(dueTimers, [["default/0", "default/1"], 60_000, 1_000]);
    expect(plan).toContain("Index Scan using timers_due_at");
    expect(plan).not.toMatch(/Seq Scan on timers/);
  });

  it("an entity is read by its own key, in the order of its versions", async () => {
    const plan = await planOf(readEvents, [...entity, 0, 1_000]);
    expect(plan).toContain("journal_version_key");
    expect(plan).not.toContain("Sort");
  });

  it("an entity is loaded by its own keys, in the order of its versions", async () => {
    const plan = await planOf(replayEntity, [...entity, 1, 1_000]);
    expect(plan).toContain("journal_version_key");
    expect(plan).toContain("snapshots_pkey");
    expect(plan).not.toContain("Sort");
  });

  it("a removal finds its entity's events by that key, and deletes them by their places", async () => {
    const plan = await planOf(appendRemoval, [items, ...entity]);
    expectDeleted(plan);
    expect(plan).toContain("snapshots_pkey");
    expect(plan).toMatch(/Index Scan using timers_pkey on timers/);
    expect(plan).not.toMatch(/Seq Scan on timers/);
  });

  it("so does the deletion of old events", async () => {
    expectDeleted(await planOf(deleteEvents, [...entity, 1, 1]));
  });

  it("a snapshot looks for the event of its version by that key, and for its head by its own", async () => {
    const snapshot = JSON.stringify([
      {
        ...{ ...head, namespace: "default", entity_type: "register", entity_id: entity[4] },
        ...{ version: 1, state_version: 1, state: {} },
      },
    ]);
    const plan = await planOf(keepSnapshots, [snapshot]);
    expect(plan).toContain("journal_version_key");
    expect(plan).toContain("heads_pkey");
    expect(plan).not.toContain("journal_pkey");
  });

  const expectDeleted = (plan: string) => {
    expect(plan).toMatch(/Index Scan using journal_version_key on journal/);
    expect(plan).toContain("Tid Scan on journal");
    expect(plan).not.toContain("journal_pkey");
    expect(plan).not.toMatch(/Seq Scan on (journal|snapshots)/);
  };

  it("a command is looked up by its id", async () => {
    const plan = await planOf(findCommand, [...entity, randomUUID(), "k"]);
    expect(plan).toContain("journal_command_key");
    expect(plan).toContain("outcomes_pkey");
    expect(plan).not.toContain("journal_pkey");
  });

  it("followers read a shard by its positions, and no more of it than they ask for", async () => {
    const places = JSON.stringify([
      { n: 0, group_name: "default", shard: 0, seq: 100 },
      { n: 1, group_name: "default", shard: 1, seq: 0 },
    ]);
    const plan = await planOf(readFeed, [places, 500, 1_000_000, ["default"], null, null, true]);
    expect(plan).toMatch(/Limit[\s\S]*?Index Scan using journal_pkey on journal/);
    expect(plan).not.toContain("Seq Scan");
    expect(plan).not.toContain("journal_version_key");
  });

  it("an entity's version is looked up by its own key", async () => {
    const plan = await planOf(readLatest, entity);
    expect(plan).toContain("journal_version_key");
    expect(plan).toContain("heads_pkey");
    expect(plan).not.toContain("Seq Scan");
  });

  it("a claim finds each head by its key", async () => {
    const claims = JSON.stringify([{ ...head, epoch: 2 }]);
    expect(await planOf(claimHeads, [claims, incarnation])).toMatch(
      /LockRows[\s\S]*?Index Scan using heads_pkey/,
    );
  });
});

/** A parameter as text; lists as the server writes them. */
const literalOf = (value: unknown): string => {
  const text = Array.isArray(value)
    ? `{${value.map((one) => JSON.stringify(one)).join(",")}}`
    : value;
  return escapeLiteral(String(text));
};
