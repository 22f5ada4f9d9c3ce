import { z } from "zod";
import { groupName, nodeId, wholeNumber } from "./schemas.ts";

/** What is asked of a planner, and what it answers. */

export const planId = z.string().min(1).max(128);

const whatIf = z
  .strictObject({
    cordon: z.array(nodeId).max(1000).optional().describe("These nodes get nothing"),
    weights: z
      .record(nodeId, z.number().gt(0).max(1_000_000))
      .optional()
      .describe("Weights to count with instead of the nodes' own"),
    maxMoves: wholeNumber(0, 1_048_576).optional().describe("At most so many moves"),
    keepHot: z
      .boolean()
      .optional()
      .describe("Shards that cost 3 times the average of their group, or more, stay"),
  })
  .describe("Conditions for this plan only: nothing of them is kept");

export const planRequest = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("rebalance"), whatIf: whatIf.optional() }),
  z.strictObject({ kind: z.literal("drain"), node: nodeId }),
  z.strictObject({
    kind: z.literal("move"),
    moves: z
      .array(
        z.strictObject({
          group: groupName.default("default"),
          shard: wholeNumber(0, 1_048_575),
          to: nodeId,
        }),
      )
      .min(1)
      .max(10_000),
  }),
  z.strictObject({ kind: z.literal("undo"), planId }),
]);

const move = z.object({
  group: z.string(),
  shard: z.int(),
  from: z.string(),
  to: z.string(),
  why: z.string(),
});

export const planAnswer = z.object({
  planId: z.string(),
  kind: z.enum(["rebalance", "drain", "move", "undo"]),
  state: z.enum(["proposed", "applying", "paused", "done", "cancelled", "stale", "failed"]),
  why: z.string().nullable().describe("Why the plan is in this state"),
  by: z.string(),
  node: z.string().nullable().describe("For a drain: the node to empty"),
  undoes: z.string().nullable().describe("For an undo: the plan that it takes back"),
  basedOnSeq: z.int(),
  moves: z.array(
    move.extend({
      state: z.enum(["pending", "moving", "done", "failed", "skipped"]),
      stateWhy: z.string().nullable().describe("Why the move is in this state"),
      epoch: z.int().nullable().describe("The shard's epoch after a done move"),
    }),
  ),
  done: z.int(),
  total: z.int(),
  spreadBefore: z.number().describe("Standard deviation of shards per unit of weight"),
  spreadAfter: z.number(),
});
export type PlanAnswer = z.output<typeof planAnswer>;

const blocked = z.object({
  group: z.string(),
  shard: z.int(),
  on: z.string().describe("The node that it stays on"),
  code: z.enum([
    "handoff",
    "starting",
    "pinned",
    "resting",
    "hot",
    "apart",
    "no-target",
    "changed",
    "target-off",
  ]),
  why: z.string(),
});

const forecast = z.object({
  nodeId: z.string(),
  incarnation: z.string(),
  weight: z.number().describe("That the plan counts with"),
  before: z.int(),
  after: z.int(),
  why: z.string().nullable().describe("What is special about the node in this plan"),
});

export const previewAnswer = planAnswer
  .pick({ planId: true, kind: true, by: true, node: true, undoes: true, basedOnSeq: true })
  .extend({
    moves: z.array(move.extend({ epoch: z.int().describe("The shard's epoch now") })),
    spreadBefore: z.number(),
    spreadAfter: z.number(),
    blocked: z.array(blocked).describe("Shards that stay though they should move; 500 at most"),
    blockedTotal: z.int(),
    leftOut: z.int().describe("Moves that `maxMoves` has left out"),
    nodes: z.array(forecast),
    movesInFlight: z.int().describe("So many shards move at once"),
    notes: z.array(z.string()),
  });
export type PreviewAnswer = z.output<typeof previewAnswer>;
