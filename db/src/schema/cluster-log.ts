import { jsonb, type PgSchema, text, timestamp } from "drizzle-orm/pg-core";
import { counter } from "./columns.ts";

export const clusterLogTable = (schema: PgSchema) =>
  schema.table("cluster_log", {
    seq: counter("seq").primaryKey(),
    at: timestamp("at", { withTimezone: true }).notNull(),
    term: counter("term").notNull(),
    type: text("type").notNull(),
    /** The event without its type. */
    body: jsonb("body").$type<Readonly<Record<string, unknown>>>().notNull(),
  });
