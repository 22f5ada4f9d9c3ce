import { integer, json, jsonb, type PgSchema, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { counter } from "./columns.ts";

/** The fence of each shard's appends; claimed by its owners. */
export const headsTable = (schema: PgSchema) =>
  schema.table("heads", {
    groupName: text("group_name").notNull(),
    shard: integer("shard").notNull(),
    epoch: counter("epoch").notNull(),
    incarnation: uuid("incarnation").notNull(),
    lastSeq: counter("last_seq").notNull(),
  });

/** The events of durable entities, per shard in commit order. */
export const journalTable = (schema: PgSchema) =>
  schema.table("journal", {
    groupName: text("group_name").notNull(),
    shard: integer("shard").notNull(),
    shardSeq: counter("shard_seq").notNull(),
    namespace: text("namespace").notNull(),
    entityType: text("entity_type").notNull(),
    entityId: text("entity_id").notNull(),
    version: counter("version").notNull(),
    epoch: counter("epoch").notNull(),
    commandId: uuid("command_id").notNull(),
    eventIndex: integer("event_index").notNull(),
    event: jsonb("event").notNull(),
    at: timestamp("at", { withTimezone: true }).notNull(),
  });

/** The first answer under each idempotency key. */
export const outcomesTable = (schema: PgSchema) =>
  schema.table("outcomes", {
    groupName: text("group_name").notNull(),
    shard: integer("shard").notNull(),
    entityType: text("entity_type").notNull(),
    namespace: text("namespace").notNull(),
    entityId: text("entity_id").notNull(),
    key: text("key").notNull(),
    commandId: uuid("command_id").notNull(),
    bodyHash: text("body_hash").notNull(),
    version: counter("version").notNull(),
    answer: jsonb("answer").notNull(),
    expiresAt: timestamp("expires_at", { withTimezone: true }).notNull(),
  });

/** What wakes durable entities, and when. */
export const timersTable = (schema: PgSchema) =>
  schema.table("timers", {
    groupName: text("group_name").notNull(),
    shard: integer("shard").notNull(),
    entityType: text("entity_type").notNull(),
    namespace: text("namespace").notNull(),
    entityId: text("entity_id").notNull(),
    name: text("name").notNull(),
    dueAt: timestamp("due_at", { withTimezone: true }).notNull(),
    commandId: uuid("command_id").notNull(),
    command: text("command").notNull(),
    input: json("input").notNull(),
    recurrence: json("recurrence"),
  });

/** The latest state that was kept of each durable entity. */
export const snapshotsTable = (schema: PgSchema) =>
  schema.table("snapshots", {
    groupName: text("group_name").notNull(),
    shard: integer("shard").notNull(),
    entityType: text("entity_type").notNull(),
    namespace: text("namespace").notNull(),
    entityId: text("entity_id").notNull(),
    version: counter("version").notNull(),
    stateVersion: integer("state_version").notNull(),
    state: json("state").notNull(),
    at: timestamp("at", { withTimezone: true }).notNull(),
  });
