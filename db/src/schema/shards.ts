import {
  boolean,
  doublePrecision,
  integer,
  jsonb,
  type PgSchema,
  text,
  uuid,
} from "drizzle-orm/pg-core";
import { counter } from "./columns.ts";

export const shardGroupsTable = (schema: PgSchema) =>
  schema.table("shard_groups", {
    name: text("name").primaryKey(),
    shards: integer("shards").notNull(),
    strategy: text("strategy").$type<"least-loaded" | "rendezvous" | "load">().notNull(),
    createdSeq: counter("created_seq").notNull(),
    /** Of a daemon's group. */
    workers: integer("workers"),
  });

/** The latest incarnation of each node that ever joined. */
export const nodesTable = (schema: PgSchema) =>
  schema.table("nodes", {
    nodeId: text("node_id").primaryKey(),
    incarnation: uuid("incarnation").notNull(),
    address: text("address").notNull(),
    zone: text("zone").notNull(),
    weight: doublePrecision("weight").notNull(),
    labels: jsonb("labels").$type<Readonly<Record<string, string>>>().notNull(),
    state: text("state").$type<"up" | "draining" | "drained" | "evicted" | "dead">().notNull(),
    cordoned: boolean("cordoned").notNull(),
    createdSeq: counter("created_seq").notNull(),
    /** The shard groups that it can serve; null: all. */
    groups: text("groups").array(),
  });

export const shardsTable = (schema: PgSchema) =>
  schema.table("shards", {
    groupName: text("group_name").notNull(),
    shard: integer("shard").notNull(),
    state: text("state").$type<"unallocated" | "starting" | "hosted" | "handing-off">().notNull(),
    epoch: counter("epoch").notNull(),
    pinned: boolean("pinned").notNull(),
    ownerNodeId: text("owner_node_id"),
    ownerIncarnation: uuid("owner_incarnation"),
    handoffId: text("handoff_id"),
    handoffToNodeId: text("handoff_to_node_id"),
    handoffToIncarnation: uuid("handoff_to_incarnation"),
    handoffPlanId: text("handoff_plan_id"),
    carriedHandoffId: text("carried_handoff_id"),
    carriedFromNodeId: text("carried_from_node_id"),
    carriedFromIncarnation: uuid("carried_from_incarnation"),
    carriedDigest: text("carried_digest"),
    carriedSize: counter("carried_size"),
  });
