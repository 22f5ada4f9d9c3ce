import type { FastifyReply } from "fastify";
import { z } from "zod";
import type { Routes } from "../deps.ts";
import { HttpProblem } from "../problems.ts";
import { deadlineHeader, problems, wholeNumber } from "../schemas.ts";
import { nodeOf } from "../views.ts";

const name = z.string().min(1).max(256);

const entityAnswer = z.object({
  result: z.unknown(),
  servedBy: z.looseObject({
    nodeId: z.string(),
    incarnation: z.string(),
    group: z.string(),
    shard: z.int(),
    epoch: z.int(),
    version: z.int().optional().describe("Of durable entities"),
  }),
});

const entityView = z.object({
  group: z.string(),
  shard: z.int(),
  namespace: z.string(),
  type: z.string(),
  id: z.string(),
  home: z.object({ nodeId: z.string(), incarnation: z.string() }).nullable(),
  epoch: z.int(),
  stored: z
    .object({
      version: z.int().nullable(),
      state: z.unknown(),
      fault: z.string().nullable().describe("Why it cannot be folded by this node's program"),
      events: z.array(z.object({ version: z.int(), type: z.string(), data: z.unknown() })),
      timers: z.array(
        z.object({
          name: z.string(),
          dueAt: z.string().nullable().describe("Null: when it has got another home"),
          command: z.string(),
          comesAgain: z.boolean(),
        }),
      ),
    })
    .nullable()
    .describe("Null for volatile entities"),
});

/** The HTTP edge of entities: one call, one command, on whichever node the entity lives. */
export const entityRoutes: Routes = (app, deps) => {
  app.get(
    "/v1/entities/:type/:id",
    {
      config: { needs: "viewer" },
      schema: {
        summary: "Where an entity lives, and what Postgres has of it; it is not activated",
        tags: ["entities"],
        params: z.object({ type: name, id: z.string().min(1).max(1024) }),
        querystring: z.object({
          namespace: name.default("default"),
          events: wholeNumber(0, 1_000).default(20).describe("Its last events, so many at most"),
        }),
        response: { 200: entityView, ...problems },
      },
    },
    async (request) => {
      const view = await nodeOf(deps).look({ ...request.params, ...request.query });
      const { stored } = view;
      if (stored === null) return { ...view, stored };
      const timers = stored.timers.map(({ dueAt, ...timer }) => ({
        ...timer,
        dueAt: dueAt?.toISOString() ?? null,
      }));
      const events = stored.events.map((event) => ({ ...event }));
      return { ...view, stored: { ...stored, state: stored.state ?? null, events, timers } };
    },
  );

  app.post(
    "/v1/entities/:type/:id/:command",
    {
      config: { needs: "admin" },
      schema: {
        summary: "Runs a command of an entity",
        description:
          "The body is the command's input. 504 DEADLINE_EXCEEDED: it did not run. 502 OUTCOME_UNKNOWN: it may have.",
        tags: ["entities"],
        params: z.object({ type: name, id: z.string().min(1).max(1024), command: name }),
        querystring: z.object({ namespace: name.default("default") }),
        headers: deadlineHeader.extend({
          "idempotency-key": z
            .string()
            .regex(/^[\x20-\x7e]{1,255}$/, "1 to 255 printable characters")
            .optional()
            .describe(
              "Of a durable entity the same key gives the first answer again for a day, and is refused " +
                "with another body; volatile ones take no notice of it",
            ),
          "leasehold-repeat": z
            .literal("true")
            .optional()
            .describe(
              "The command may have run already. Answered under its key by a durable entity; refused otherwise",
            ),
        }),
        body: z.unknown(),
        response: { 200: entityAnswer, ...problems },
      },
    },
    async (request, reply) => {
      const deadlineMs = request.headers["leasehold-deadline-ms"];
      const key = request.headers["idempotency-key"];
      const node = nodeOf(deps);
      if (request.headers["leasehold-repeat"] !== undefined) {
        checkRepeat(request.params.type, node.entityTypes.get(request.params.type)?.events, key);
      }
      const { result, servedBy } = await node.ask({
        ...request.params,
        namespace: request.query.namespace,
        input: request.body,
        signal: gaveUp(reply),
        ...(deadlineMs === undefined ? {} : { deadlineMs }),
        ...(key === undefined ? {} : { key }),
      });
      // A handler that returns nothing still answers: JSON has no undefined.
      return { result: result ?? null, servedBy };
    },
  );
};

/** An entity type that nobody knows is refused as such, later. @throws {HttpProblem} */
function checkRepeat(type: string, events: object | null | undefined, key: string | undefined) {
  if (events !== null && key !== undefined) return;
  const why = events === null ? `${type} is volatile and keeps no answers` : "it has no key";
  const detail = `Nobody can say whether the command ran: ${why}. It was not run again.`;
  throw new HttpProblem("REPEAT_REFUSED", detail);
}

/** Aborted when the caller closes the connection before the answer. */
function gaveUp(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
