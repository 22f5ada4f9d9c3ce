import pg from "pg";
import type { TestCluster } from "./harness.ts";

/** Where a test cluster's tables are. */
export const schema = "leasehold_default";

/** What Postgres itself has. @throws where it does not answer within ten seconds. */
export async function query<R extends object>(cluster: TestCluster, sql: string): Promise<R[]> {
  const client = new pg.Client({ connectionString: cluster.databaseUrl, query_timeout: 10_000 });
  await client.connect();
  try {
    return (await client.query<R>(sql)).rows;
  } finally {
    await client.end();
  }
}
