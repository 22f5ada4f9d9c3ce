import { createTestDatabase, type TestDatabase } from "@leasehold/db/testing";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { FaultyPostgresGate } from "./postgres-gate.ts";

let database: TestDatabase;
let observer: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  observer = new pg.Client({ connectionString: database.url });
  await observer.connect();
});
afterAll(async () => {
  await observer.end();
  await database.drop();
});

async function connect(
  gate: FaultyPostgresGate,
  options: pg.ClientConfig = {},
): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: database.url,
    stream: gate.stream,
    keepAlive: true,
    ...options,
  });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

const holdsLock = async (key: number): Promise<boolean> => {
  const { rows } = await observer.query(
    "select 1 from pg_locks where locktype = 'advisory' and objid = $1",
    [key],
  );
  return rows.length > 0;
};

describe("the gate under node-postgres", () => {
  test("carries statements, and an ordered end", async () => {
    const client = await connect(new FaultyPostgresGate());
    const { rows } = await client.query("select $1::text || repeat('x', 100000) as text", ["é"]);
    expect(rows[0].text).toHaveLength(100_001);
    await client.end();
  });

  test("cut, a client that gives up leaves its session and locks with the server until the heal", async () => {
    const gate = new FaultyPostgresGate();
    const client = await connect(gate, { query_timeout: 100 });
    await client.query("select pg_advisory_lock(77)");
    const heal = gate.cut("both");
    await expect(client.query("select 1")).rejects.toThrow(/timeout/i);
    const stream = (client as unknown as { connection: { stream: { destroy(): void } } }).connection
      .stream;
    stream.destroy();
    expect(await holdsLock(77)).toBe(true);
    heal();
    await vi.waitFor(async () => expect(await holdsLock(77)).toBe(false), 5_000);
  });

  test("cut, connecting times out as on a black hole", async () => {
    const gate = new FaultyPostgresGate();
    const heal = gate.cut("out");
    await expect(connect(gate, { connectionTimeoutMillis: 100 })).rejects.toThrow(/timeout/i);
    heal();
    const client = await connect(gate);
    await client.end();
  });

  test("slow, every answer takes longer", async () => {
    const gate = new FaultyPostgresGate();
    const client = await connect(gate);
    const heal = gate.slow(60);
    const sentAtMs = performance.now();
    await client.query("select $1::int", [1]);
    expect(performance.now() - sentAtMs).toBeGreaterThan(55);
    heal();
    await client.end();
  });
});
