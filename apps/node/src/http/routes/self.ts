import { z } from "zod";
import type { Routes } from "../deps.ts";
import { activeFault, problems } from "../schemas.ts";
import { faultsOf, nodeOf } from "../views.ts";

const selfAnswer = z.object({
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
      phase: z.enum(["starting", "serving", "copying", "draining", "sending", "frozen"]),
      carried: z
        .object({ size: z.int(), moved: z.int() })
        .optional()
        .describe("While it is sending: bytes of its state, and how many the target has restored"),
    }),
  ),
  peers: z.array(z.object({ nodeId: z.string(), incarnation: z.string(), connected: z.boolean() })),
  faults: z.array(activeFault),
  load: z.object({
    requestsPerSecond: z.number(),
    failedPerSecond: z.number(),
    p50Ms: z.number(),
    p99Ms: z.number(),
    entities: z.int(),
  }),
  healUrl: z.string().nullable().describe("Where a paused or frozen node is healed"),
});

/** What the node believes about itself. It may be wrong: that is what it is for. */
export const selfRoutes: Routes = (app, deps) => {
  app.get(
    "/v1/self",
    {
      config: { needs: "viewer" },
      schema: {
        summary: "This node's belief about itself",
        tags: ["cluster"],
        response: { 200: selfAnswer, ...problems },
      },
    },
    async () => {
      const node = nodeOf(deps);
      const belief = node.belief();
      return {
        ...belief,
        peers: [...belief.peers],
        shards: [...node.shardBeliefs()],
        faults: faultsOf(deps.faults),
        healUrl: deps.faults?.healUrl ?? null,
      };
    },
  );
};
