import { z } from "zod/mini";

/** What the browser may ask the console's server to do: one route, `POST /api/command`. */
const nodeId = z.string().check(z.minLength(1), z.maxLength(200));
const shardRef = { group: z.string(), shard: z.int().check(z.minimum(0)) };
const ttlMs = z.int().check(z.minimum(1000), z.maximum(600_000));
const direction = z.enum(["both", "in", "out"]);
const delayMs = z.int().check(z.minimum(1), z.maximum(60_000));
/** A day. @unit milliseconds */
const maxClockStepMs = 24 * 3_600_000;

export const faultRequest = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("cut-link"), peer: nodeId, direction, ttlMs }),
  z.object({ kind: z.literal("cut-postgres"), direction, ttlMs }),
  z.object({
    kind: z.literal("slow-link"),
    peer: nodeId,
    direction,
    delayMs,
    jitterMs: z.optional(z.int().check(z.minimum(0), z.maximum(60_000))),
    ttlMs,
  }),
  z.object({ kind: z.literal("slow-postgres"), delayMs, ttlMs }),
  z.object({ kind: z.literal("pause"), ttlMs }),
  z.object({ kind: z.literal("freeze"), ttlMs }),
  z.object({ kind: z.literal("crash") }),
  z.object({ kind: z.literal("crash-at"), step: z.string().check(z.minLength(1)), ttlMs }),
  z.object({
    kind: z.literal("clock-step"),
    byMs: z.int().check(z.minimum(-maxClockStepMs), z.maximum(maxClockStepMs)),
    ttlMs,
  }),
]);

export const whatIf = z.strictObject({
  cordon: z.optional(z.array(nodeId)),
  weights: z.optional(z.record(nodeId, z.number().check(z.gt(0), z.maximum(1_000_000)))),
  maxMoves: z.optional(z.int().check(z.minimum(0), z.maximum(1_048_576))),
  keepHot: z.optional(z.boolean()),
});
export type WhatIf = z.infer<typeof whatIf>;

export const planRequest = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("rebalance"), whatIf: z.optional(whatIf) }),
  z.object({ kind: z.literal("drain"), node: nodeId }),
  z.object({
    kind: z.literal("move"),
    moves: z.array(z.object({ ...shardRef, to: nodeId })).check(z.minLength(1)),
  }),
  z.object({ kind: z.literal("undo"), planId: z.string().check(z.minLength(1)) }),
]);
export type PlanRequest = z.infer<typeof planRequest>;

export const command = z.discriminatedUnion("kind", [
  /** Only looks: nothing is written down, and `plan` applies what was seen by its id. */
  z.object({ kind: z.literal("preview"), request: planRequest }),
  z.object({
    kind: z.literal("plan"),
    planId: z.string(),
    verb: z.enum(["apply", "pause", "resume", "cancel", "undo"]),
  }),
  z.object({ kind: z.literal("node"), nodeId, verb: z.enum(["cordon", "uncordon", "drain"]) }),
  z.object({ kind: z.literal("unpin"), ...shardRef }),
  z.object({
    kind: z.literal("scale"),
    daemon: z.string().check(z.minLength(1), z.maxLength(200)),
    // How many make sense is for the cluster to say.
    workers: z.int().check(z.minimum(0)),
  }),
  z.object({ kind: z.literal("fault"), nodeId, fault: faultRequest }),
  z.object({ kind: z.literal("heal"), nodeId, faultId: z.string() }),
  z.object({ kind: z.literal("heal-all") }),
]);

export type Command = z.infer<typeof command>;
export type FaultRequest = z.infer<typeof faultRequest>;

/** The header that a mutation must carry: a foreign page cannot set it without a preflight. */
export const commandHeader = "leasehold-console";

/** The header with the action's key, a uuid: the second of two requests with one key gets the first one's answer. */
export const actionHeader = "leasehold-action";

/** What *Heal all* achieved. A node is confirmed when it or its heal address answered. */
export interface HealReport {
  readonly healed: number;
  readonly confirmed: readonly string[];
  readonly notConfirmed: readonly { readonly nodeId: string; readonly why: string }[];
}

/** RFC 9457, as nodes answer and as the console passes it on. */
export interface Problem {
  readonly type?: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly code: string;
  readonly retryable?: boolean;
  readonly executed?: "no" | "yes" | "unknown";
}

export interface LoadTarget {
  readonly targetPerSecond: number;
}
