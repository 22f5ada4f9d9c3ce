import { z } from "zod";

/** What the harness reads of the nodes' answers. The answers may have more. */
export const selfAnswer = z.object({
  nodeId: z.string(),
  incarnation: z.string(),
  pid: z.int(),
  role: z.enum(["coordinator", "candidate", "proxy"]),
  term: z.int(),
  seq: z.int(),
  lease: z.object({ state: z.enum(["held", "reconnecting", "lost"]), leftMs: z.number() }),
  postgres: z.object({ reachable: z.boolean(), lastOkMsAgo: z.number().nullable() }),
  shards: z.array(
    z.object({
      group: z.string(),
      shard: z.int(),
      epoch: z.int(),
      serving: z.boolean(),
      phase: z.string(),
    }),
  ),
  peers: z.array(z.object({ nodeId: z.string(), incarnation: z.string(), connected: z.boolean() })),
  faults: z.array(z.object({ id: z.string(), kind: z.string(), expiresInMs: z.number() })),
  healUrl: z.string().nullable(),
});
export type SelfAnswer = z.output<typeof selfAnswer>;

export const clusterAnswer = z.object({
  cluster: z.string(),
  history: z.string(),
  seq: z.int(),
  authorityAgeMs: z.number(),
  coordinator: z.object({ nodeId: z.string(), term: z.int() }).nullable(),
  nodes: z.array(
    z.object({
      nodeId: z.string(),
      incarnation: z.string().nullable(),
      state: z.string(),
      cordoned: z.boolean(),
      shards: z.int(),
      leaseAgeMs: z.number().nullable(),
    }),
  ),
  shards: z.object({
    total: z.int(),
    hosted: z.int(),
    starting: z.int(),
    unallocated: z.int(),
    handingOff: z.int(),
  }),
});
export type ClusterAnswer = z.output<typeof clusterAnswer>;

export const shardsAnswer = z.object({
  seq: z.int(),
  shards: z.array(
    z.object({
      group: z.string(),
      shard: z.int(),
      state: z.enum(["unallocated", "starting", "hosted", "handing-off"]),
      owner: z.string().nullable(),
      incarnation: z.string().nullable(),
      epoch: z.int(),
      pinned: z.boolean(),
    }),
  ),
  next: z.string().nullable(),
});
export type ShardAnswer = z.output<typeof shardsAnswer>["shards"][number];
