import type { LogEntry } from "@leasehold/sharding/observe";
import { z } from "zod";

/**
 * The cluster log as it arrives from a node or from Postgres. An entry that is not of this shape is
 * refused before it can reach the reducer: what a page shows must not depend on a stranger's bytes.
 */
const name = z.string().max(500);
const epoch = z.int().min(0);
const nodeRef = { nodeId: name, incarnation: name };
const ref = z.object(nodeRef);
const shard = { group: name, shard: z.int().min(0) };
const why = z.string().max(5000);

/** Of a daemon's group. */
export const workers = z.int().min(0).exactOptional();
export const strategy = z.enum(["least-loaded", "rendezvous", "load"]);
export const planState = z.enum([
  "proposed",
  "applying",
  "paused",
  "done",
  "cancelled",
  "stale",
  "failed",
]);
export const moveState = z.enum(["pending", "moving", "done", "failed", "skipped"]);
export const carried = z
  .object({ handoffId: name, from: ref, digest: name, size: z.number() })
  .nullable();
export const nodeInfo = {
  ...nodeRef,
  address: name,
  zone: name,
  weight: z.number(),
  labels: z.record(z.string(), z.string()),
  groups: z.array(name).exactOptional(),
};
export const proposal = {
  planId: name,
  kind: z.enum(["rebalance", "drain", "move", "undo"]),
  by: name,
  node: name.nullable(),
  undoes: name.nullable(),
  basedOnSeq: z.int(),
  moves: z.array(z.object({ ...shard, from: ref, to: ref, epoch, why })),
  spreadBefore: z.number(),
  spreadAfter: z.number(),
};

const event = <T extends string, S extends z.core.$ZodLooseShape>(type: T, shape: S) =>
  z.object({ seq: z.int().min(1), at: z.string(), term: epoch, type: z.literal(type), ...shape });

const logEntry = z.discriminatedUnion("type", [
  event("coordinator-elected", nodeRef),
  event("group-created", { group: name, shards: z.int().min(1), strategy, workers }),
  event("group-scaled", { group: name, workers: z.int().min(0), added: z.int().min(0) }),
  event("node-joined", nodeInfo),
  event("node-draining", nodeRef),
  event("node-drained", nodeRef),
  event("node-restored", nodeRef),
  event("node-dead", {
    ...nodeRef,
    proof: z.enum(["released", "watched", "host", "waiter", "refused", "superseded"]),
  }),
  event("node-evicted", { ...nodeRef, unreachedBy: z.array(name) }),
  event("node-cordoned", { nodeId: name }),
  event("node-uncordoned", { nodeId: name }),
  event("shard-assigned", {
    ...shard,
    ...nodeRef,
    epoch,
    cause: z.enum(["allocated", "handoff", "death", "abort", "eviction", "given-up"]),
    carried,
  }),
  event("shard-hosted", { ...shard, ...nodeRef, epoch }),
  event("shard-vacated", { ...shard, epoch, why }),
  event("handoff-began", {
    ...shard,
    handoffId: name,
    nodeId: name,
    epoch,
    to: ref,
    planId: name.nullable(),
  }),
  event("shard-pinned", shard),
  event("shard-unpinned", shard),
  event("plan-proposed", proposal),
  event("plan-state-changed", { planId: name, state: planState, why: why.nullable() }),
  event("move-state-changed", {
    planId: name,
    index: z.int().min(0),
    state: moveState,
    why: why.nullable(),
    epoch: epoch.nullable(),
  }),
]);

type Known = z.infer<typeof logEntry>["type"];
/** `never` once the contract has an event that the schema does not know: then no caller compiles. */
type Unchecked = LogEntry["type"] extends Known ? unknown : never;

/** @throws {z.ZodError} */
export const parseEntry = (value: Unchecked): LogEntry => logEntry.parse(value);
