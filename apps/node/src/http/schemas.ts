import { z } from "zod";

/** Pieces that several calls share. All of them end up in /openapi.json. */

const problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    retryable: z
      .boolean()
      .describe("The same call may succeed later without a change by the caller"),
    executed: z.enum(["no", "yes", "unknown"]).describe("Whether the command ran"),
  })
  .describe("RFC 9457 problem");

const problemAnswer = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: problem } },
});

export const problems = {
  "4xx": problemAnswer("Refused"),
  "5xx": problemAnswer("Failed"),
};

/** A whole number in a query, path or header. */
export const wholeNumber = (minimum: number, maximum: number) =>
  z.coerce.number().pipe(z.int().min(minimum).max(maximum));

export const nodeId = z.string().min(1).max(128);
export const groupName = z.string().min(1).max(128);
export const authorityAgeMs = z
  .number()
  .describe(
    "Since this node's copy of the authority was last known to be current, in milliseconds",
  );

/** Who asks, for the log. */
export const operatorHeaders = z.looseObject({
  "leasehold-by": z
    .string()
    .regex(/^[\x20-\x7e]{1,64}$/, "1 to 64 printable characters")
    .default("http")
    .describe("Who asks; recorded with the plan"),
});

export const deadlineHeader = z.looseObject({
  "leasehold-deadline-ms": wholeNumber(1, 60_000)
    .optional()
    .describe("How long the caller waits, in milliseconds, 1 to 60000. Default 10000"),
});

export const nodeAnswer = z.object({
  nodeId: z.string(),
  incarnation: z.string().nullable(),
  state: z.enum(["joining", "up", "draining", "drained", "evicted", "dead"]),
  cordoned: z.boolean(),
  address: z.string().nullable(),
  zone: z.string(),
  weight: z.number(),
  labels: z.record(z.string(), z.string()),
  shards: z.int().describe("How many it owns"),
  leaseAgeMs: z
    .number()
    .nullable()
    .describe("Since its renewal counter was last seen to change, in milliseconds"),
});
export type NodeAnswer = z.output<typeof nodeAnswer>;

export const shardAnswer = z.object({
  group: z.string(),
  shard: z.int(),
  state: z.enum(["unallocated", "starting", "hosted", "handing-off"]),
  owner: z.string().nullable(),
  incarnation: z.string().nullable(),
  epoch: z.int(),
  pinned: z.boolean(),
  to: z.string().nullable().describe("Where a handoff leads"),
});
export type ShardAnswer = z.output<typeof shardAnswer>;

export const activeFault = z.object({
  id: z.string(),
  kind: z.string(),
  detail: z.record(z.string(), z.union([z.string(), z.number()])),
  expiresInMs: z.number(),
});
export type FaultAnswer = z.output<typeof activeFault>;
