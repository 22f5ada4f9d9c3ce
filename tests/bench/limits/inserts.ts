import pg from "pg";
import { keepAsking, type Measured } from "../support/asking.ts";
import type { BenchPostgres } from "../support/postgres.ts";

const body = "x".repeat(100);

export interface Inserts {
  /** Of so many rows in a statement, on so many connections. */
  run(batch: number, connections: number, ms: number): Promise<Measured>;
  close(): Promise<void>;
}

/** What the server takes at most: rows of 100 bytes into a table with nothing but its key. */
export async function openInserts({ url, query }: BenchPostgres): Promise<Inserts> {
  await query("create table bare_rows (id bigserial primary key, body text not null)");
  const clients = Array.from({ length: 10 }, () => new pg.Client(url));
  await Promise.all(clients.map((client) => client.connect()));
  return {
    async run(batch, connections, ms) {
      const statement: pg.QueryConfig =
        batch === 1
          ? { name: "one", text: "insert into bare_rows (body) values ($1)", values: [body] }
          : {
              name: "many",
              text: "insert into bare_rows (body) select * from unnest($1::text[])",
              values: [Array.from({ length: batch }, () => body)],
            };
      const free = clients.slice(0, connections);
      const measured = await keepAsking(
        async () => {
          const client = free.pop() as pg.Client;
          await client.query(statement);
          free.push(client);
        },
        connections,
        ms,
      );
      return { ...measured, perSecond: measured.perSecond * batch };
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.end()));
    },
  };
}
