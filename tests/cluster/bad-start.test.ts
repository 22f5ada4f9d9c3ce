import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { migrate } from "@leasehold/db";
import { createTestDatabase, type TestDatabase } from "@leasehold/db/testing";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { settings } from "../../apps/node/src/config.ts";
import { startPooler } from "../../packages/sharding/src/adapters/postgres/fixtures/pooler.ts";
import { startOldPostgres } from "./bad-input/old-postgres.ts";
import { type Ended, runCli } from "./bad-input/run-cli.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await migrate({ database: database.url, cluster: "default" });
});
afterAll(() => database.drop());

const node = (env: NodeJS.ProcessEnv): Promise<Ended> =>
  runCli(["node"], { DATABASE_URL: database.url, ...env });

/** One line for a person, and no stack. */
function expectSentence(ended: Ended, code: number, ...parts: readonly (string | RegExp)[]): void {
  expect(ended.stderr).not.toMatch(/^\s+at /m);
  expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
  for (const part of parts) expect(ended.stderr).toMatch(part);
  expect(ended.code).toBe(code);
}

/** Nothing listens there; a port that was closed a moment ago may be somebody else's by now. */
const closedPort = 1;

describe("without a usable Postgres a node ends with 1 and says why:", () => {
  test("nothing listens at DATABASE_URL", async () => {
    const ended = await node({ DATABASE_URL: `postgres://me:hunter2@127.0.0.1:${closedPort}/db` });
    expectSentence(ended, 1, `127.0.0.1:${closedPort}`, "cannot be reached", "ECONNREFUSED");
    expect(ended.stderr).not.toContain("hunter2");
  });

  test("nothing listens at LEASE_DATABASE_URL, and that is the address it names", async () => {
    const ended = await node({
      LEASE_DATABASE_URL: `postgres://me:hunter2@127.0.0.1:${closedPort}/db`,
    });
    expectSentence(ended, 1, `127.0.0.1:${closedPort}`, "LEASE_DATABASE_URL", "ECONNREFUSED");
    expect(ended.stderr).not.toContain("hunter2");
  });

  test("what listens there hangs up, as a proxy does that has no Postgres behind it", async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    try {
      const ended = await node({ DATABASE_URL: `postgres://me:hunter2@127.0.0.1:${port}/db` });
      expectSentence(ended, 1, `127.0.0.1:${port}`, "cannot be reached", "closed the connection");
      expect(ended.stderr).not.toContain("hunter2");
    } finally {
      server.close();
    }
  });

  test("the server is too old", async () => {
    const old = await startOldPostgres();
    try {
      expectSentence(await node({ DATABASE_URL: old.url }), 1, "PostgreSQL 14.19", "15 or newer");
      const lease = await node({ LEASE_DATABASE_URL: old.url });
      expectSentence(lease, 1, "PostgreSQL 14.19", "15 or newer");
    } finally {
      await old.close();
    }
  });

  test("a pooler in transaction mode is in between", async () => {
    const pooler = await startPooler({ databaseUrl: database.url, mode: "transaction" });
    try {
      for (const variable of ["DATABASE_URL", "LEASE_DATABASE_URL"])
        expectSentence(await node({ [variable]: pooler.url }), 1, "LEASE_DATABASE_URL", /pooler/);
    } finally {
      await pooler.close();
    }
  });
});

describe("with a schema that is not its own a node ends:", () => {
  test("with 1 where there is none, and says what makes one", async () => {
    const ended = await node({ LEASEHOLD_CLUSTER: "nowhere" });
    expectSentence(ended, 1, '"leasehold_nowhere"', '"leasehold migrate"', "--migrate");
  });

  test("with 57 where a newer version made a breaking change", async () => {
    const client = new pg.Client(database.url);
    await migrate({ database: database.url, cluster: "future" });
    await client.connect();
    await client.query(
      `insert into leasehold_future.schema_migrations (version, name, breaking)
       select max(version) + 1, 'from-the-future', true from leasehold_future.schema_migrations`,
    );
    await client.end();
    const future = { LEASEHOLD_CLUSTER: "future" };
    expectSentence(await node(future), 57, "from-the-future", "Upgrade this node");
    const migrating = await runCli(["migrate"], { DATABASE_URL: database.url, ...future });
    expectSentence(migrating, 57, "from-the-future", "Upgrade this node");
  });
});

describe("with a bad environment a node", () => {
  const garbage = "gärbage ✗ hunter2";
  const password = "mysql://me:hunter2@db.example/x";
  // Any text could be a module's name but one that is longer than every path.
  const special: Record<string, string> = {
    DATABASE_URL: password,
    LEASE_DATABASE_URL: password,
    LEASEHOLD_ENTITIES: `./${"x".repeat(2000)}`,
  };
  const rows = Object.values(settings);

  test("ends with 2 and names every variable, its value and what is accepted, at once", async () => {
    const env = Object.fromEntries(rows.map((row) => [row.env, special[row.env] ?? garbage]));
    const { code, stderr, stdout } = await runCli(["node"], env);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    const lines = stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(rows.length);
    for (const [index, row] of rows.entries()) {
      const line = lines[index] ?? "";
      expect(line).toMatch(new RegExp(`^${row.env}=`));
      expect(line).toContain(`is not accepted: it must be ${row.accepts}.`);
      const secret = "secret" in row ? row.secret : null;
      if (secret === null) expect(line).toContain((env[row.env] ?? "").slice(0, 100));
      else expect(line, row.env).not.toContain("hunter2");
      expect(line.length).toBeLessThan(400);
    }
  });

  test("ends with 2 and names the module that does not exist", async () => {
    const ended = await node({ LEASEHOLD_ENTITIES: "/no/such/module.ts" });
    expectSentence(ended, 2, "/no/such/module.ts");
  });
});
