import { z } from "zod";
import type { Routes } from "../deps.ts";
import { authorityAgeMs, nodeAnswer, problems } from "../schemas.ts";
import { countShards, nodeAnswers, nodeOf } from "../views.ts";

const clusterAnswer = z.object({
  cluster: z.string(),
  history: z.string().describe("Names the log that seq counts in"),
  seq: z.int(),
  authorityAgeMs,
  coordinator: z.object({ nodeId: z.string(), term: z.int() }).nullable(),
  nodes: z.array(nodeAnswer),
  shards: z.object({
    total: z.int(),
    hosted: z.int(),
    starting: z.int(),
    unallocated: z.int(),
    handingOff: z.int(),
  }),
});

export type ClusterAnswer = z.output<typeof clusterAnswer>;

/** From this node's copy of the authority, so it answers while Postgres is gone. */
export const clusterRoutes: Routes = (app, deps) => {
  app.get(
    "/v1/cluster",
    {
      config: { needs: "viewer" },
      schema: {
        summary: "Nodes, coordinator and shard counts, as this node knows them",
        tags: ["cluster"],
        response: { 200: clusterAnswer, ...problems },
      },
    },
    async () => {
      const node = nodeOf(deps);
      const { state, ageMs } = node.authority();
      return {
        cluster: node.cluster,
        history: state.history,
        seq: state.seq,
        authorityAgeMs: Math.round(ageMs),
        coordinator:
          state.coordinator === null
            ? null
            : { nodeId: state.coordinator.nodeId, term: state.term },
        nodes: nodeAnswers(node),
        shards: countShards(state),
      };
    },
  );
};
