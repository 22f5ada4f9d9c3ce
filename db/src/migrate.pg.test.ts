import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  MigrationFailedError,
  PostgresTooOldError,
  SchemaDivergedError,
  SchemaOutdatedError,
  SchemaTooNewError,
} from "./errors.ts";
import { checkSchema, migrate } from "./migrate.ts";
import { type Migration, readMigrations } from "./migration-files.ts";
import { createTestDatabase, type TestDatabase } from "./testing.ts";

const step = (version: number, sql: string, breaking = false): Migration => ({
  version,
  name: `step_${version}`,
  breaking,
  sql,
});
const one = step(1, "create table {{schema}}.things (id integer primary key)");
const two = step(2, "insert into {{schema}}.things (id) values (7)");
const three = step(3, "alter table {{schema}}.things add column name text");
const threeBreaking = step(3, "alter table {{schema}}.things rename to items", true);

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

const idsIn = async (schema: string): Promise<number[]> => {
  const { rows } = await client.query<{ id: number }>(`select id from ${schema}.things`);
  return rows.map(({ id }) => id);
};

describe("migrate", () => {
  test("applies each migration once, however often it is called", async () => {
    const options = { database: client, cluster: "again", migrations: [one, two] };
    const first = await migrate(options);
    const second = await migrate(options);
    expect(first).toMatchObject({ schema: "leasehold_again", version: 2, applied: [1, 2] });
    expect(second).toMatchObject({ version: 2, applied: [], warnings: [] });
    expect(await idsIn("leasehold_again")).toEqual([7]);
  });

  test("continues where an earlier version stopped, and records what it did", async () => {
    await migrate({ database: client, cluster: "grows", migrations: [one] });
    const report = await migrate({ database: client, cluster: "grows", migrations: [one, two] });
    expect(report.applied).toEqual([2]);
    const { rows } = await client.query(
      "select version, name, breaking, applied_at <= clock_timestamp() as past from leasehold_grows.schema_migrations order by version",
    );
    expect(rows).toEqual([
      { version: 1, name: "step_1", breaking: false, past: true },
      { version: 2, name: "step_2", breaking: false, past: true },
    ]);
  });

  test("five nodes that start at once apply each migration once", async () => {
    const migrations = [one, two, three];
    const reports = await Promise.all(
      Array.from({ length: 5 }, () =>
        migrate({ database: database.url, cluster: "race", migrations }),
      ),
    );
    expect(reports.flatMap((report) => report.applied).sort()).toEqual([1, 2, 3]);
    expect(reports.map((report) => report.version)).toEqual([3, 3, 3, 3, 3]);
    expect(await idsIn("leasehold_race")).toEqual([7]);
  });

  test("two clusters in one database do not meet", async () => {
    await migrate({ database: client, cluster: "left-hand", migrations: [one, two] });
    await migrate({ database: client, cluster: "left", migrations: [one] });
    expect(await idsIn("leasehold_left_hand")).toEqual([7]);
    expect(await idsIn("leasehold_left")).toEqual([]);
  });

  test("a migration that fails leaves nothing behind, and the next call tries it again", async () => {
    const broken = step(
      2,
      "insert into {{schema}}.things (id) values (8); select * from {{schema}}.nowhere",
    );
    const failing = migrate({ database: client, cluster: "fails", migrations: [one, broken] });
    await expect(failing).rejects.toThrow(MigrationFailedError);
    await expect(failing).rejects.toThrow(/Migration 2 "step_2" failed .*leasehold_fails.nowhere/);
    expect(await idsIn("leasehold_fails")).toEqual([]);
    const report = await migrate({ database: client, cluster: "fails", migrations: [one, two] });
    expect(report.applied).toEqual([2]);
  });

  test("a role that may only read is enough when nothing is missing", async () => {
    await migrate({ database: client, cluster: "readable", migrations: [one] });
    await client.query("create role leasehold_reader");
    try {
      await client.query("grant usage on schema leasehold_readable to leasehold_reader");
      await client.query(
        "grant select on all tables in schema leasehold_readable to leasehold_reader",
      );
      await client.query("set role leasehold_reader");
      const report = await migrate({ database: client, cluster: "readable", migrations: [one] });
      expect(report.applied).toEqual([]);
    } finally {
      await client.query("reset role");
      await client.query("drop owned by leasehold_reader");
      await client.query("drop role leasehold_reader");
    }
  });

  test("the shipped migrations make a schema that checkSchema accepts", async () => {
    const shipped = await readMigrations();
    const report = await migrate({ database: database.url, cluster: "shipped" });
    expect(report.version).toBe(shipped.length);
    const check = await checkSchema({ database: database.url, cluster: "shipped" });
    expect(check).toEqual({ ...report, applied: [] });
  });
});

describe("a node meets a schema of another version", () => {
  test("an outdated one is refused with the command that helps", async () => {
    await migrate({ database: client, cluster: "outdated", migrations: [one] });
    const check = checkSchema({ database: client, cluster: "outdated", migrations: [one, two] });
    await expect(check).rejects.toThrow(SchemaOutdatedError);
    await expect(check).rejects.toThrow(/at version 1, .* needs 2\. Run "leasehold migrate"/);
  });

  test("one that was never made is refused as outdated, and checking makes nothing", async () => {
    const check = checkSchema({ database: client, cluster: "absent", migrations: [one] });
    await expect(check).rejects.toThrow(SchemaOutdatedError);
    const { rowCount } = await client.query(
      "select from pg_namespace where nspname = 'leasehold_absent'",
    );
    expect(rowCount).toBe(0);
  });

  test("a newer one with a breaking migration is refused, with exit code 57", async () => {
    await migrate({ database: client, cluster: "broken", migrations: [one, two, threeBreaking] });
    for (const meet of [checkSchema, migrate]) {
      const met = meet({ database: client, cluster: "broken", migrations: [one, two] });
      await expect(met).rejects.toThrow(SchemaTooNewError);
      await expect(met).rejects.toMatchObject({ exitCode: 57 });
      await expect(met).rejects.toThrow(/at version 3, .* knows 2, .*"step_3".*Upgrade this node/);
    }
  });

  test("a newer but compatible one is accepted with a warning", async () => {
    await migrate({ database: client, cluster: "newer", migrations: [one, two, three] });
    for (const meet of [checkSchema, migrate]) {
      const report = await meet({ database: client, cluster: "newer", migrations: [one, two] });
      expect(report).toMatchObject({ version: 3, applied: [] });
      expect(report.warnings).toEqual([expect.stringMatching(/version 3, newer than the 2/)]);
    }
  });

  test("one that another build made is refused, naming both migrations", async () => {
    await migrate({ database: client, cluster: "foreign", migrations: [one, two] });
    const renamed = { ...two, name: "something_else" };
    const met = migrate({
      database: client,
      cluster: "foreign",
      migrations: [one, renamed, three],
    });
    await expect(met).rejects.toThrow(SchemaDivergedError);
    await expect(met).rejects.toThrow(/"step_2" .*"something_else"/);
  });
});

test("a server older than 15 is refused with both versions in the message", async () => {
  const old = new pg.Client({ connectionString: database.url });
  const query = old.query.bind(old) as (...args: unknown[]) => Promise<unknown>;
  await old.connect();
  // A real server of that age cannot be had here; what it would answer can.
  old.query = ((text: string, values?: unknown[]) =>
    text.includes("server_version_num")
      ? Promise.resolve({ rows: [{ version: "14.19", number: 140_019 }] })
      : query(text, values)) as typeof old.query;
  try {
    const met = migrate({ database: old, cluster: "old-server", migrations: [one] });
    await expect(met).rejects.toThrow(PostgresTooOldError);
    await expect(met).rejects.toThrow(/PostgreSQL 14\.19; .*PostgreSQL 15/);
  } finally {
    await old.end();
  }
});
