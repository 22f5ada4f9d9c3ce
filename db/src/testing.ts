import { randomUUID } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";

/** What the vitest projects that need a server get from `tests/support/postgres-server.ts`. */
declare module "vitest" {
  interface ProvidedContext {
    /** A superuser's address of the server that the whole run shares. */
    databaseUrl: string;
  }
}

export interface TestDatabase {
  readonly url: string;
  /** Ends whatever is still connected. */
  drop(): Promise<void>;
}

const queryTimeoutMs = 20_000;

/** An empty database of the test's own on the shared server, so that tests never meet. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = inject("databaseUrl");
  const name = `leasehold_test_${randomUUID().replaceAll("-", "")}`;
  await execute(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: () => execute(server, `drop database if exists ${name} with (force)`),
  };
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, query_timeout: queryTimeoutMs });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
