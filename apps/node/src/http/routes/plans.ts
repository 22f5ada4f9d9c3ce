import type { PlanRequest, ShardingNode } from "@leasehold/sharding";
import type { PlanRow } from "@leasehold/sharding/observe";
import { z } from "zod";
import type { Routes } from "../deps.ts";
import { HttpProblem } from "../problems.ts";
import { groupName, nodeId, operatorHeaders, problems, wholeNumber } from "../schemas.ts";
import { nodeOf } from "../views.ts";

const planRequest = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("rebalance") }),
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
]);

const move = z.object({
  group: z.string(),
  shard: z.int(),
  from: z.string(),
  to: z.string(),
  why: z.string(),
});

const planAnswer = z.object({
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

const verbs = ["apply", "pause", "resume", "cancel", "undo"] as const;

/** Plans: previewed first, applied on request, watched by their progress. */
export const planRoutes: Routes = (app, deps) => {
  app.post(
    "/v1/plans",
    {
      config: { needs: "operator" },
      schema: {
        summary: "Makes a plan, without applying it",
        tags: ["operate"],
        headers: operatorHeaders,
        body: planRequest,
        response: { 200: planAnswer, ...problems },
      },
    },
    async (request) => {
      const node = nodeOf(deps);
      const by = request.headers["leasehold-by"];
      const wanted: PlanRequest = request.body;
      const { planId } = await node.admin({ tag: "plan", by, request: wanted });
      return planOf(node, planId ?? "");
    },
  );

  app.get(
    "/v1/plans/:id",
    {
      config: { needs: "viewer" },
      schema: {
        summary: "A plan and its progress",
        tags: ["operate"],
        params: z.object({ id: z.string().min(1).max(128) }),
        response: { 200: planAnswer, ...problems },
      },
    },
    async (request) => planOf(nodeOf(deps), request.params.id),
  );

  app.post(
    "/v1/plans/:id/:verb",
    {
      config: { needs: "operator" },
      schema: {
        summary: "Applies, pauses, resumes, cancels or undoes a plan",
        description: "Undo makes a plan of its own and answers that one.",
        tags: ["operate"],
        headers: operatorHeaders,
        params: z.object({ id: z.string().min(1).max(128), verb: z.enum(verbs) }),
        response: { 200: planAnswer, ...problems },
      },
    },
    async (request) => {
      const node = nodeOf(deps);
      const { id, verb } = request.params;
      const by = request.headers["leasehold-by"];
      const { planId } = await node.admin({ tag: "plan-control", by, planId: id, verb });
      return planOf(node, planId ?? id);
    },
  );
};

function planOf(node: ShardingNode, planId: string): PlanAnswer {
  const plan = node.authority().state.plans.get(planId);
  if (plan !== undefined) return planAnswerOf(plan);
  throw new HttpProblem("PLAN_UNKNOWN", `This node knows no plan "${planId}".`);
}

function planAnswerOf(plan: PlanRow): PlanAnswer {
  const { planId, kind, state, why, by, node, undoes, basedOnSeq, spreadBefore, spreadAfter } =
    plan;
  const moves = plan.moves.map(({ group, shard, from, to, why: reason }, index) => {
    const progress = plan.progress[index];
    return {
      group,
      shard,
      from: from.nodeId,
      to: to.nodeId,
      why: reason,
      state: progress?.state ?? ("pending" as const),
      stateWhy: progress?.why ?? null,
      epoch: progress?.epoch ?? null,
    };
  });
  const done = moves.filter((entry) => entry.state === "done").length;
  const counts = { done, total: moves.length };
  return {
    planId,
    kind,
    state,
    why,
    by,
    node,
    undoes,
    basedOnSeq,
    moves,
    ...counts,
    spreadBefore,
    spreadAfter,
  };
}
