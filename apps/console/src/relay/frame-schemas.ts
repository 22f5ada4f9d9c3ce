import type { Belief, ClusterJson, ShardBelief, ShardHeat } from "@leasehold/sharding/observe";
import { z } from "zod";
import {
  carried,
  moveState,
  nodeInfo,
  planState,
  proposal,
  strategy,
  workers,
} from "./entry-schema.ts";

/** The frames of the observation plane, checked before anything is done with them. */
const name = z.string().max(500);
const epoch = z.int().min(0);
const ms = z.number();
const ref = z.object({ nodeId: name, incarnation: name });
const shardRef = z.object({ group: name, shard: z.int().min(0) });

export const hello = z.object({
  protocol: z.literal(1),
  cluster: name,
  nodeId: name,
  incarnation: name,
  address: name,
  healUrl: z.string().nullable(),
  faultsOn: z.boolean(),
  leaseTtlMs: ms,
});
export type Hello = z.infer<typeof hello>;

const belief = z.object({
  nodeId: name,
  incarnation: name,
  pid: z.int(),
  role: z.enum(["coordinator", "candidate", "proxy"]),
  term: epoch,
  seq: z.int().min(0),
  lease: z.object({ state: z.enum(["held", "reconnecting", "lost"]), leftMs: ms }),
  postgres: z.object({ reachable: z.boolean(), lastOkMsAgo: ms.nullable() }),
  peers: z.array(z.object({ nodeId: name, incarnation: name, connected: z.boolean() })),
  faults: z.array(
    z.object({
      id: name,
      kind: name,
      detail: z.record(z.string(), z.union([z.string(), z.number()])),
      expiresInMs: ms,
    }),
  ),
  load: z.object({
    requestsPerSecond: z.number(),
    failedPerSecond: z.number(),
    p50Ms: ms,
    p99Ms: ms,
    entities: z.number(),
  }),
  healUrl: z.string().nullable(),
}) satisfies z.ZodType<Belief>;

const shardBelief = z.object({
  group: name,
  shard: z.int().min(0),
  epoch,
  serving: z.boolean(),
  phase: z.enum(["starting", "serving", "copying", "draining", "sending", "frozen"]),
  carried: z.object({ size: z.number(), moved: z.number() }).optional(),
}) satisfies z.ZodType<ShardBelief>;

const shardHeat = z.object({
  group: name,
  shard: z.int().min(0),
  requestsPerSecond: z.number().min(0),
  busyMs: ms.nullable(),
}) satisfies z.ZodType<ShardHeat>;

const shardRow = z.discriminatedUnion("state", [
  z.object({ state: z.literal("unallocated"), epoch, pinned: z.boolean() }),
  z.object({ state: z.literal("starting"), epoch, pinned: z.boolean(), owner: ref, carried }),
  z.object({ state: z.literal("hosted"), epoch, pinned: z.boolean(), owner: ref }),
  z.object({
    state: z.literal("handing-off"),
    epoch,
    pinned: z.boolean(),
    owner: ref,
    handoff: z.object({ id: name, to: ref, planId: name.nullable() }),
  }),
]);

const nodeRow = z.object({
  ...nodeInfo,
  state: z.enum(["up", "draining", "drained", "evicted", "dead"]),
  cordoned: z.boolean(),
});

const planRow = z.object({
  ...proposal,
  state: planState,
  why: z.string().nullable(),
  progress: z.array(
    z.object({ state: moveState, why: z.string().nullable(), epoch: epoch.nullable() }),
  ),
});

const clusterJson = z.object({
  history: name,
  seq: z.int().min(0),
  term: epoch,
  coordinator: ref.nullable(),
  groups: z.array(z.tuple([name, z.object({ shards: z.int().min(0), strategy, workers })])),
  nodes: z.array(z.tuple([name, nodeRow])),
  shards: z.array(z.tuple([name, z.array(shardRow)])),
  plans: z.array(z.tuple([name, planRow])),
}) satisfies z.ZodType<ClusterJson>;

export const snapshot = z.object({ cluster: clusterJson, authorityAgeMs: ms });
export const log = z.object({
  history: name,
  // Each entry is checked when it is new: three nodes send each entry three times.
  entries: z.array(z.looseObject({ seq: z.int().min(1) })),
  authorityAgeMs: ms,
});
export const beliefFrame = z.object({ belief, shards: z.array(shardBelief) });
export const beliefDelta = z.object({
  belief,
  changed: z.array(shardBelief),
  gone: z.array(shardRef),
  // A node that is older than this says nothing of it.
  hot: z.array(shardHeat).max(64).optional(),
  authorityAgeMs: ms,
});
