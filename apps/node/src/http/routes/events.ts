import { z } from "zod";
import { readLogSoon } from "../../log-reader.ts";
import type { Routes } from "../deps.ts";
import { HttpProblem } from "../problems.ts";
import { authorityAgeMs, problems, wholeNumber } from "../schemas.ts";
import { nodeOf } from "../views.ts";

const event = z.looseObject({ seq: z.int(), at: z.string(), term: z.int(), type: z.string() });

/** The cluster log, oldest first, without a gap. docs/spec.md lists the event types. */
export const eventRoutes: Routes = (app, deps) => {
  app.get(
    "/v1/events",
    {
      config: { needs: "viewer" },
      schema: {
        summary: "Cluster log entries after a seq",
        description:
          "Gap-free. `seq` is how far this node's copy has come: an answer that ends before it has more " +
          "to follow, now or (while Postgres is away) later. 410 with `oldest` when the entry after " +
          "`after` is past retention.",
        tags: ["cluster"],
        querystring: z.object({
          after: wholeNumber(0, Number.MAX_SAFE_INTEGER).default(0),
          limit: wholeNumber(1, 1000).default(100),
        }),
        response: {
          200: z.object({
            history: z.string(),
            seq: z.int(),
            authorityAgeMs,
            events: z.array(event),
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const node = nodeOf(deps);
      const { after, limit } = request.query;
      // Without a page the answer is an empty one: true, where an error would end a follower.
      const page = await readLogSoon(node, after, limit);
      const { state, ageMs } = node.authority();
      const oldest = page?.oldest ?? 0;
      if (after + 1 < oldest) {
        throw new HttpProblem(
          "EVENTS_GONE",
          `The oldest entry kept is ${oldest}. Begin with /v1/cluster and follow from its seq.`,
          { oldest },
        );
      }
      return {
        history: page?.history ?? state.history,
        seq: state.seq,
        authorityAgeMs: Math.round(ageMs),
        events: (page?.entries ?? []).map((entry) => ({ ...entry })),
      };
    },
  );
};
