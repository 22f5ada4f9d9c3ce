import { integer, jsonb, type PgSchema, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { counter } from "./columns.ts";

/** Who leads, and the counter of the log. One row. */
export const coordinatorTable = (schema: PgSchema) =>
  schema.table("coordinator", {
    one: integer("one").primaryKey(),
    term: counter("term").notNull(),
    seq: counter("seq").notNull(),
    history: uuid("history").notNull(),
    nodeId: text("node_id"),
    incarnation: uuid("incarnation"),
    timeline: counter("timeline"),
  });

/** One row per node that ever had a lease. */
export const leasesTable = (schema: PgSchema) =>
  schema.table("leases", {
    nodeId: text("node_id").primaryKey(),
    incarnation: uuid("incarnation").notNull(),
    address: text("address").notNull(),
    processBootId: text("process_boot_id"),
    processPidNamespace: text("process_pid_namespace"),
    processPid: integer("process_pid"),
    processStartTime: text("process_start_time"),
    state: text("state").$type<"alive" | "released" | "dead">().notNull(),
    renewals: counter("renewals").notNull(),
    token: counter("token").notNull(),
    backendPid: integer("backend_pid").notNull(),
    backendStartedAt: text("backend_started_at").notNull(),
    backendApplicationName: text("backend_application_name").notNull(),
    unreached: uuid("unreached").array().notNull(),
  });

/** What lives say to each other when their link is cut. */
export const lettersTable = (schema: PgSchema) =>
  schema.table("letters", {
    toNodeId: text("to_node_id").notNull(),
    fromNodeId: text("from_node_id").notNull(),
    fromIncarnation: uuid("from_incarnation").notNull(),
    subject: text("subject").notNull(),
    messages: jsonb("messages").$type<readonly unknown[]>().notNull(),
    at: timestamp("at", { withTimezone: true }).notNull(),
  });

/** What supervising parents said about processes that they waited for. */
export const exitsTable = (schema: PgSchema) =>
  schema.table("exits", {
    nodeId: text("node_id").notNull(),
    incarnation: uuid("incarnation").notNull(),
    pid: integer("pid").notNull(),
    at: timestamp("at", { withTimezone: true }).notNull(),
  });
