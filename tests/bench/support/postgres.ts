import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbedded } from "@leasehold/db/embedded";
import pg from "pg";

/** A PostgreSQL of a benchmark's own, as safe as a real one: it syncs before it answers. */
export interface BenchPostgres {
  readonly url: string;
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** An empty database beside the others. @returns its URL. */
  createDatabase(name: string): Promise<string>;
}

export async function withPostgres<T>(use: (postgres: BenchPostgres) => Promise<T>): Promise<T> {
  const dataDir = await mkdtemp(join(tmpdir(), "leasehold-bench-"));
  const postgres = await startEmbedded({ dataDir, port: 0 });
  const client = new pg.Client(postgres.url);
  try {
    await client.connect();
    return await use({
      url: postgres.url,
      query: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
        (await client.query<Row>(text, [...values])).rows,
      createDatabase: async (name) => {
        await client.query(`create database ${pg.escapeIdentifier(name)}`);
        const url = new URL(postgres.url);
        url.pathname = `/${name}`;
        return url.href;
      },
    });
  } finally {
    await client.end();
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}
