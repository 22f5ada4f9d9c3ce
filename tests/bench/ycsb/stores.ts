import { startNode } from "@leasehold/sharding";
import pg from "pg";
import { each } from "../durable/scene.ts";
import type { BenchPostgres } from "../support/postgres.ts";
import { untilHosted } from "../support/until-hosted.ts";
import { type Fields, fieldsOf, UserRecord } from "./record.ts";

export const records = 1_000;
const connections = 10;

/** What a workload does with a record. */
export interface RecordStore {
  read(key: number): Promise<Fields>;
  update(key: number, field: string, value: string): Promise<void>;
  close(): Promise<void>;
}

export async function openOurs({ url }: BenchPostgres): Promise<RecordStore> {
  const node = await startNode({ databaseUrl: url, nodeId: "ycsb", entities: [UserRecord] });
  await untilHosted(node);
  const clients = Array.from({ length: records }, (_, key) =>
    node.entity(UserRecord, `user${key}`),
  );
  const at = (key: number) => clients[key] as (typeof clients)[number];
  await each(records, 64, (key) => at(key).insert(fieldsOf(key)));
  return {
    read: (key) => at(key).read(),
    update: async (key, field, value) => void (await at(key).update({ field, value })),
    close: () => node.stop(),
  };
}

const select = { name: "read", text: "select fields from ycsb.records where key = $1" };
const update = {
  name: "update",
  text: "update ycsb.records set fields = jsonb_set(fields, array[$2], to_jsonb($3::text)) where key = $1",
};

/** What an application without entities would do: a row per record, read and changed by its key. */
export async function openRows({ url, query }: BenchPostgres): Promise<RecordStore> {
  await query("create schema ycsb");
  await query("create table ycsb.records (key int primary key, fields jsonb not null)");
  const pool = new pg.Pool({ connectionString: url, max: connections });
  await each(records, 64, (key) =>
    pool.query("insert into ycsb.records values ($1, $2)", [key, fieldsOf(key)]),
  );
  return {
    async read(key) {
      const { rows } = await pool.query<{ fields: Fields }>({ ...select, values: [key] });
      return rows[0]?.fields ?? {};
    },
    update: async (key, field, value) =>
      void (await pool.query({ ...update, values: [key, field, value] })),
    close: () => pool.end(),
  };
}
