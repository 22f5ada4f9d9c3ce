import { createTestDatabase, type TestDatabase } from "@leasehold/db/testing";
import { sql } from "drizzle-orm";
import pg from "pg";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ConsoleDatabase, StoreUnavailableError } from "./console-database.ts";

let database: TestDatabase;
const open: ConsoleDatabase[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((store) => store.stop()));
  await database.drop();
});

function startStore(url: string): ConsoleDatabase {
  const store = new ConsoleDatabase(url, "shop", () => undefined);
  open.push(store);
  store.start();
  return store;
}

test("two consoles that start at once share one schema, beside the cluster's", async () => {
  const stores = [startStore(database.url), startStore(database.url)];
  for (const store of stores) {
    await vi.waitFor(() => expect(store.state.tag).toBe("ready"), { timeout: 10_000 });
  }
  await stores[0]?.run(
    (schema) => sql`insert into ${schema}.marks values (1, 0, now(), 'fault', 'node-1', 'cut')`,
  );
  expect(await stores[1]?.run((schema) => sql`select subject from ${schema}.marks`)).toEqual([
    { subject: "node-1" },
  ]);
  const schemas = await stores[0]?.run(
    () => sql`select nspname from pg_namespace where nspname like 'leasehold%'`,
  );
  expect(schemas).toEqual([{ nspname: "leaseholdconsole_shop" }]);
});

test("a user who may not create a schema is told so, and nothing is kept", async () => {
  const admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  const { rows } = await admin.query<{ name: string }>("select current_database() as name");
  const user = `reader_${rows[0]?.name.slice(-12)}`;
  await admin.query(`create role ${user} login password 'x'`);
  const url = new URL(database.url);
  url.username = user;
  url.password = "x";
  try {
    const store = startStore(url.href);
    await vi.waitFor(() => expect(store.state.tag).toBe("refused"), { timeout: 10_000 });
    expect(store.state).toMatchObject({ why: expect.stringContaining("permission denied") });
    await expect(store.run(() => sql`select 1`)).rejects.toThrow(StoreUnavailableError);
    await store.stop();
    open.pop();
  } finally {
    await admin.query(`drop role ${user}`);
    await admin.end();
  }
});

test("a server that is away is not an error, only not ready", async () => {
  const url = new URL(database.url);
  url.port = "1";
  const store = startStore(url.href);
  await expect(store.run(() => sql`select 1`)).rejects.toThrow("not reached yet");
  expect(store.state).toEqual({ tag: "opening" });
});
