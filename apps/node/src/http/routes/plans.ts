import type { PlanPreview, PlanRequest, ShardingNode } from "@leasehold/sharding";
import type { PlanRow } from "@leasehold/sharding/observe";
import { z } from "zod";
import type { Routes } from "../deps.ts";
import {
  type PlanAnswer,
  type PreviewAnswer,
  planAnswer,
  planId,
  planRequest,
  previewAnswer,
} from "../plan-schemas.ts";
import { HttpProblem } from "../problems.ts";
import { operatorHeaders, problems } from "../schemas.ts";
import { nodeOf } from "../views.ts";

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
      const made = await node.admin({ tag: "plan", by, request: wantedOf(request.body) });
      return planOf(node, made.planId ?? "");
    },
  );

  app.post(
    "/v1/plans/preview",
    {
      // It changes nothing, but costs the coordinator a plan, and an older preview its place.
      config: { needs: "operator" },
      schema: {
        summary: "What a plan would be, without a trace in the log",
        description:
          "The coordinator remembers the latest few: apply takes the answer's `planId` while nothing that the plan names has changed, and writes it down then.",
        tags: ["operate"],
        headers: operatorHeaders,
        body: planRequest,
        response: { 200: previewAnswer, ...problems },
      },
    },
    async (request) => {
      const by = request.headers["leasehold-by"];
      const wanted = wantedOf(request.body);
      const { preview } = await nodeOf(deps).admin({ tag: "preview", by, request: wanted });
      if (preview === null) throw new Error("The coordinator has answered without a preview.");
      return previewAnswerOf(preview);
    },
  );

  app.get(
    "/v1/plans/:id",
    {
      config: { needs: "viewer" },
      schema: {
        summary: "A plan and its progress",
        tags: ["operate"],
        params: z.object({ id: planId }),
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
        description:
          "Apply also takes a preview, which becomes a plan by it. Undo makes a plan of its own and answers that one.",
        tags: ["operate"],
        headers: operatorHeaders,
        params: z.object({ id: planId, verb: z.enum(verbs) }),
        response: { 200: planAnswer, ...problems },
      },
    },
    async (request) => {
      const node = nodeOf(deps);
      const { id, verb } = request.params;
      const by = request.headers["leasehold-by"];
      const done = await node.admin({ tag: "plan-control", by, planId: id, verb });
      return planOf(node, done.planId ?? id);
    },
  );
};

/** Absent fields are absent in the message, too: undefined would be one of another type. */
function wantedOf(body: z.output<typeof planRequest>): PlanRequest {
  if (body.kind !== "rebalance") return body;
  const { cordon, weights, maxMoves, keepHot } = body.whatIf ?? {};
  const whatIf = {
    ...(cordon === undefined ? {} : { cordon }),
    ...(weights === undefined ? {} : { weights }),
    ...(maxMoves === undefined ? {} : { maxMoves }),
    ...(keepHot === undefined ? {} : { keepHot }),
  };
  return { kind: "rebalance", whatIf };
}

function planOf(node: ShardingNode, id: string): PlanAnswer {
  const plan = node.authority().state.plans.get(id);
  if (plan !== undefined) return planAnswerOf(plan);
  throw new HttpProblem("PLAN_UNKNOWN", `This node knows no plan "${id}".`);
}

const previewAnswerOf = (preview: PlanPreview): PreviewAnswer => ({
  ...preview,
  blocked: [...preview.blocked],
  nodes: [...preview.nodes],
  notes: [...preview.notes],
  moves: preview.moves.map(({ from, to, ...move }) => ({
    ...move,
    ...{ from: from.nodeId, to: to.nodeId },
  })),
});

function planAnswerOf(plan: PlanRow): PlanAnswer {
  const { kind, state, why, by, node, undoes, basedOnSeq, spreadBefore, spreadAfter } = plan;
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
    planId: plan.planId,
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
