import type { DaemonView } from "@leasehold/sharding";
import { workersLimit } from "@leasehold/sharding/observe";
import { z } from "zod";
import type { Routes } from "../deps.ts";
import { authorityAgeMs, operatorHeaders, problems } from "../schemas.ts";
import { nodeOf } from "../views.ts";

const daemonAnswer = z.object({
  daemon: z.string(),
  group: z.string(),
  workers: z.int().describe("How many the cluster wants"),
  items: z
    .array(
      z.object({
        index: z.int(),
        state: z.enum(["unallocated", "starting", "hosted", "handing-off"]),
        nodeId: z.string().nullable(),
        incarnation: z.string().nullable(),
        epoch: z.int(),
      }),
    )
    .describe("Where each worker lives, from this node's copy of the log"),
  here: z
    .array(
      z.object({
        index: z.int(),
        fence: z.int(),
        state: z.enum(["running", "waiting", "stopping"]),
        sinceMs: z.number().describe("In this state, in milliseconds"),
        beatAgeMs: z.number().nullable().describe("Since its last sign of life, in milliseconds"),
        failures: z.int().describe("In a row, on this node"),
        lastFailure: z.string().nullable(),
      }),
    )
    .describe("Those that run on this node, or have failed here and are not given up yet"),
});
type DaemonAnswer = z.output<typeof daemonAnswer>;

/** Daemons: where their workers live, how those of this node are, and how many there shall be. */
export const daemonRoutes: Routes = (app, deps) => {
  app.get(
    "/v1/daemons",
    {
      config: { needs: "viewer" },
      schema: {
        summary: "Every daemon of the cluster, and how this node's workers are",
        tags: ["daemons"],
        response: {
          200: z.object({ seq: z.int(), authorityAgeMs, daemons: z.array(daemonAnswer) }),
          ...problems,
        },
      },
    },
    async () => {
      const node = nodeOf(deps);
      const { state, ageMs } = node.authority();
      return { seq: state.seq, authorityAgeMs: ageMs, daemons: node.daemons().map(answerOf) };
    },
  );

  app.post(
    "/v1/daemons/:name/scale",
    {
      config: { needs: "operator" },
      schema: {
        summary: "Sets how many workers a daemon has",
        tags: ["operate"],
        headers: operatorHeaders,
        params: z.object({ name: z.string().min(1).max(64) }),
        body: z.strictObject({ workers: z.int().min(0).max(workersLimit) }),
        response: { 200: daemonAnswer, ...problems },
      },
    },
    async (request) => {
      const by = request.headers["leasehold-by"];
      const { name } = request.params;
      return answerOf(await nodeOf(deps).scaleDaemon(name, request.body.workers, { by }));
    },
  );
};

const answerOf = (view: DaemonView): DaemonAnswer => ({
  ...view,
  items: view.items.map((item) => ({ ...item })),
  here: view.here.map((worker) => ({ ...worker })),
});
