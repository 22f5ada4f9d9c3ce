import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { getTableConfig } from "drizzle-orm/pg-core";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { migrate } from "./index.ts";
import { tablesOf } from "./schema/tables.ts";
import { createTestDatabase, type TestDatabase } from "./testing.ts";

describe("the schema of a cluster", () => {
  let database: TestDatabase;
  let client: pg.Client;
  let schema: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    schema = (await migrate({ database: database.url, cluster: "schema-test" })).schema;
    client = new pg.Client({ connectionString: database.url, query_timeout: 10_000 });
    client.on("error", () => undefined);
    await client.connect();
  });

  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  describe("in SQL and in the typed definitions", () => {
    it("has the same tables, columns, types and nulls", async () => {
      const { rows } = await client.query<{ line: string }>(
        `select format('%s.%s %s%s', table_name, column_name,
                       case data_type when 'ARRAY' then substr(udt_name, 2) || '[]' else data_type end,
                       case is_nullable when 'NO' then ' not null' else '' end) as line
         from information_schema.columns
         where table_schema = $1 and table_name <> 'schema_migrations'`,
        [schema],
      );
      const typed = Object.values(tablesOf(schema)).flatMap((table) => {
        const { name, columns } = getTableConfig(table);
        return columns.map((column) => {
          const suffix = column.notNull ? " not null" : "";
          return `${name}.${column.name} ${column.getSQLType()}${suffix}`;
        });
      });
      expect(typed.sort()).toEqual(rows.map(({ line }) => line).sort());
    });

    it("can be read by the types", async () => {
      const { coordinator } = tablesOf(schema);
      const rows = await drizzle(client).select().from(coordinator).where(eq(coordinator.one, 1));
      expect(rows).toMatchObject([{ term: 0, seq: 0, nodeId: null }]);
    });
  });

  describe("refuses", () => {
    const lifeA = "'00000000-0000-4000-8000-00000000000a'";
    const lifeB = "'00000000-0000-4000-8000-00000000000b'";
    const owner = `owner_node_id = 'a', owner_incarnation = ${lifeA}`;
    const owned = `${owner}, epoch = 1`;
    const toB = `handoff_to_node_id = 'b', handoff_to_incarnation = ${lifeB}`;
    const carried = `carried_handoff_id = 'h', carried_from_node_id = 'b',
      carried_from_incarnation = ${lifeB}, carried_digest = 'd', carried_size = 1`;
    const lease = `insert into S.leases (node_id, incarnation, address, state, backend_pid,
      backend_started_at, backend_application_name)`;
    const plan = `insert into S.plans (plan_id, kind, by, based_on_seq, spread_before, spread_after,
      state, created_seq)`;

    beforeEach(async () => {
      await client.query("begin");
      await run("insert into S.shard_groups values ('g', 2, 'least-loaded', 1)");
      await run(
        "insert into S.shards (group_name, shard, state, epoch, pinned) select 'g', n, 'unallocated', 0, false from generate_series(0, 1) n",
      );
    });

    afterEach(async () => {
      await client.query("rollback");
    });

    const run = (sql: string) => client.query(sql.replaceAll("S.", `${schema}.`));

    /** The statement is refused by this constraint, and not for another reason. */
    const refuses = (name: string, sql: string, constraint: string) =>
      it(name, async () => {
        await expect(run(sql)).rejects.toMatchObject({ constraint });
      });

    const shard = (set: string) => `update S.shards set ${set} where shard = 0`;

    it("nothing that is in order", async () => {
      await run(shard(`state = 'starting', ${owned}`));
      await run(shard(`state = 'starting', ${carried}, epoch = 2`));
      await run(shard(`state = 'hosted', ${nulls("carried")}`));
      await run(shard(`state = 'handing-off', handoff_id = 'h', ${toB}`));
      await run(shard(`state = 'unallocated', ${nulls("handoff")}, ${nulls("owner")}`));
    });

    refuses(
      "a second coordinator row",
      "insert into S.coordinator (one) values (2)",
      "coordinator_one_check",
    );
    refuses(
      "the same coordinator row again",
      "insert into S.coordinator default values",
      "coordinator_pkey",
    );
    refuses(
      "a coordinator without an incarnation",
      "update S.coordinator set term = 1, node_id = 'a'",
      "coordinator_is_whole",
    );
    refuses(
      "a term that nobody raised",
      "update S.coordinator set term = 1",
      "coordinator_of_a_term",
    );

    refuses(
      "a hosted shard without an owner",
      shard("state = 'hosted', epoch = 1"),
      "shards_owner_unless_unallocated",
    );
    refuses(
      "an owner whose life is not named",
      shard("state = 'hosted', epoch = 1, owner_node_id = 'a'"),
      "shards_owner_unless_unallocated",
    );
    refuses("an unallocated shard with an owner", shard(owned), "shards_owner_unless_unallocated");
    refuses(
      "an owner without an epoch",
      shard(`state = 'hosted', ${owner}, epoch = 0`),
      "shards_owner_has_epoch",
    );
    refuses("an epoch below 0", shard("epoch = -1"), "shards_epoch_check");
    refuses(
      "a state that does not exist",
      shard(`state = 'moving', ${owned}`),
      "shards_state_check",
    );
    refuses(
      "a handoff without a target",
      shard(`state = 'handing-off', ${owned}, handoff_id = 'h'`),
      "shards_handoff_while_handing_off",
    );
    refuses(
      "a handoff target of a shard that is not handed off",
      shard(`state = 'hosted', ${owned}, handoff_id = 'h', ${toB}`),
      "shards_handoff_while_handing_off",
    );
    refuses(
      "a plan's handoff of a shard that is not handed off",
      shard(`state = 'hosted', ${owned}, handoff_plan_id = 'p'`),
      "shards_handoff_while_handing_off",
    );
    refuses(
      "a handoff to the owner itself",
      shard(
        `state = 'handing-off', ${owned}, handoff_id = 'h', handoff_to_node_id = 'a', handoff_to_incarnation = ${lifeA}`,
      ),
      "shards_handoff_goes_elsewhere",
    );
    refuses(
      "one handoff for two shards (S6)",
      `update S.shards set state = 'handing-off', ${owned}, handoff_id = 'h', ${toB}`,
      "shards_handoff_id_key",
    );
    refuses(
      "a second row, and with it a second handoff target, for one shard (S6)",
      "insert into S.shards (group_name, shard, state, epoch, pinned) values ('g', 0, 'unallocated', 0, false)",
      "shards_pkey",
    );
    refuses(
      "carried state of a shard that serves already",
      shard(`state = 'hosted', ${owned}, ${carried}`),
      "shards_carried_while_starting",
    );
    refuses(
      "carried state without its digest",
      shard(`state = 'starting', ${owned}, carried_handoff_id = 'h'`),
      "shards_carried_while_starting",
    );
    refuses(
      "a shard of a group that does not exist",
      "insert into S.shards (group_name, shard, state, epoch, pinned) values ('x', 0, 'unallocated', 0, false)",
      "shards_group_name_fkey",
    );

    refuses(
      "one incarnation for two nodes",
      `${lease} values ('a', ${lifeA}, '', 'alive', 1, '', ''), ('b', ${lifeA}, '', 'alive', 1, '', '')`,
      "leases_incarnation_key",
    );
    refuses(
      "a lease state that does not exist",
      `${lease} values ('a', ${lifeA}, '', 'lost', 1, '', '')`,
      "leases_state_check",
    );
    it("half of a process", async () => {
      await run(`${lease} values ('a', ${lifeA}, '', 'alive', 1, '', '')`);
      await expect(run("update S.leases set process_pid = 7")).rejects.toMatchObject({
        constraint: "leases_process_is_whole",
      });
    });

    refuses(
      "a drain of no node",
      `${plan} values ('p', 'drain', 'x', 0, 0, 0, 'proposed', 1)`,
      "plans_drain_names_its_node",
    );
    refuses(
      "an undo of no plan",
      `${plan} values ('p', 'undo', 'x', 0, 0, 0, 'proposed', 1)`,
      "plans_undo_names_its_plan",
    );
    refuses(
      "a move of no plan",
      `insert into S.moves (plan_id, index, group_name, shard, from_node_id, from_incarnation,
         to_node_id, to_incarnation, epoch, reason, state)
       values ('p', 0, 'g', 0, 'a', ${lifeA}, 'b', ${lifeB}, 1, '', 'pending')`,
      "moves_plan_id_fkey",
    );
    it("a second log entry of one seq (S7)", async () => {
      const entry = "insert into S.cluster_log (seq, term, type, body) values (1, 1, 'x', '{}')";
      await run(entry);
      await expect(run(entry)).rejects.toMatchObject({ constraint: "cluster_log_pkey" });
    });

    const head = "insert into S.heads (group_name, shard, epoch, incarnation)";
    const event = `insert into S.journal (group_name, shard, shard_seq, namespace, entity_type,
      entity_id, version, epoch, command_id, event_index, event)`;
    const outcome = `insert into S.outcomes (group_name, shard, entity_type, namespace, entity_id, key,
      command_id, body_hash, version, answer, expires_at)`;
    /** An event of the entity g/0/n/t/i. */
    const at = (seq: number, version: number, life = lifeA, index = 0) =>
      `('g', 0, ${seq}, 'n', 't', 'i', ${version}, 1, ${life}, ${index}, '{}')`;
    const kept = `('g', 0, 't', 'n', 'i', 'k', ${lifeA}, 'h', 0, '{}', now())`;

    it("no events that are in order", async () => {
      await run(`${event} values ${at(1, 1)}, ${at(2, 2, lifeA, 1)}, ${at(3, 3, lifeB)}`);
    });
    refuses("a head without an epoch", `${head} values ('g', 0, 0, ${lifeA})`, "heads_epoch_check");
    refuses(
      "a second head of one shard (S4)",
      `${head} values ('g', 0, 1, ${lifeA}), ('g', 0, 2, ${lifeB})`,
      "heads_pkey",
    );
    refuses(
      "two events at one position of a shard",
      `${event} values ${at(1, 1)}, ${at(1, 2, lifeB)}`,
      "journal_pkey",
    );
    refuses(
      "two events of one entity's version (S5)",
      `${event} values ${at(1, 1)}, ${at(2, 1, lifeB)}`,
      "journal_version_key",
    );
    refuses(
      "the same command twice in a shard (S5)",
      `${event} values ${at(1, 1)}, ${at(2, 2)}`,
      "journal_command_key",
    );
    refuses(
      "two answers under one key of an entity (S5)",
      `${outcome} values ${kept}, ${kept}`,
      "outcomes_pkey",
    );
  });
});

/** Sets every column of a kind to null. */
function nulls(kind: "owner" | "handoff" | "carried"): string {
  const columns = {
    owner: ["owner_node_id", "owner_incarnation"],
    handoff: ["handoff_id", "handoff_to_node_id", "handoff_to_incarnation"],
    carried: [
      "carried_handoff_id",
      "carried_from_node_id",
      "carried_from_incarnation",
      "carried_digest",
      "carried_size",
    ],
  };
  return columns[kind].map((column) => `${column} = null`).join(", ");
}
