import { doublePrecision, integer, type PgSchema, text, uuid } from "drizzle-orm/pg-core";
import { counter } from "./columns.ts";

export const plansTable = (schema: PgSchema) =>
  schema.table("plans", {
    planId: text("plan_id").primaryKey(),
    kind: text("kind").$type<"rebalance" | "drain" | "move" | "undo">().notNull(),
    by: text("by").notNull(),
    nodeId: text("node_id"),
    undoes: text("undoes"),
    basedOnSeq: counter("based_on_seq").notNull(),
    spreadBefore: doublePrecision("spread_before").notNull(),
    spreadAfter: doublePrecision("spread_after").notNull(),
    state: text("state")
      .$type<"proposed" | "applying" | "paused" | "done" | "cancelled" | "stale" | "failed">()
      .notNull(),
    why: text("why"),
    createdSeq: counter("created_seq").notNull(),
  });

export const movesTable = (schema: PgSchema) =>
  schema.table("moves", {
    planId: text("plan_id").notNull(),
    index: integer("index").notNull(),
    groupName: text("group_name").notNull(),
    shard: integer("shard").notNull(),
    fromNodeId: text("from_node_id").notNull(),
    fromIncarnation: uuid("from_incarnation").notNull(),
    toNodeId: text("to_node_id").notNull(),
    toIncarnation: uuid("to_incarnation").notNull(),
    epoch: counter("epoch").notNull(),
    reason: text("reason").notNull(),
    state: text("state").$type<"pending" | "moving" | "done" | "failed" | "skipped">().notNull(),
    why: text("why"),
    epochAfter: counter("epoch_after"),
  });
