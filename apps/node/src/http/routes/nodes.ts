import { z } from "zod";
import type { Routes } from "../deps.ts";
import { HttpProblem } from "../problems.ts";
import { nodeAnswer, nodeId, operatorHeaders, problems } from "../schemas.ts";
import { nodeAnswers, nodeOf } from "../views.ts";

/** An operator's word about one node. Drain makes its plan and applies it at once. */
export const nodeRoutes: Routes = (app, deps) => {
  app.post(
    "/v1/nodes/:id/:verb",
    {
      config: { needs: "operator" },
      schema: {
        summary: "Cordons, uncordons or drains a node",
        tags: ["operate"],
        headers: operatorHeaders,
        params: z.object({ id: nodeId, verb: z.enum(["cordon", "uncordon", "drain"]) }),
        response: {
          200: nodeAnswer.extend({
            planId: z.string().nullable().describe("For a drain: the plan that empties the node"),
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const node = nodeOf(deps);
      const { id, verb } = request.params;
      const by = request.headers["leasehold-by"];
      const { planId } = await node.admin({ tag: verb, by, nodeId: id });
      const answer = nodeAnswers(node).find((candidate) => candidate.nodeId === id);
      if (answer === undefined) throw new HttpProblem("NODE_UNKNOWN", `No node "${id}".`);
      return { ...answer, planId };
    },
  );
};
