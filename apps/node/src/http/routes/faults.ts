import { FaultsOffError } from "@leasehold/sharding";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { crashSteps } from "../../faults/crash-steps.ts";
import {
  type FaultEngine,
  type FaultRequest,
  faultKinds,
  faultRequestSchema,
  unsupportedFaultKinds,
} from "../../faults/types.ts";
import type { App, HttpDeps, Routes } from "../deps.ts";
import { HttpProblem } from "../problems.ts";
import { activeFault, problems } from "../schemas.ts";
import { faultsOf } from "../views.ts";

const healed = z.object({
  healed: z.array(z.string()).describe("The ids of the faults that ended"),
});

/** On a node that was started without faults nothing here can set one: there is no handler that could. */
export const faultRoutes: Routes = (app, deps) => {
  if (deps.faults === null) refuseFaults(app);
  else serveFaults(app, deps, deps.faults);
};

/** All that is left of these calls says why it is not there. */
function refuseFaults(app: App): void {
  for (const url of ["/v1/faults", "/v1/faults/*"]) {
    app.all(
      url,
      {
        config: { needs: "viewer" },
        schema: { hide: true },
        preValidation: async () => {
          throw new FaultsOffError(
            "This node was started without faults; LEASEHOLD_FAULTS=on allows them.",
          );
        },
      },
      async () => undefined,
    );
  }
}

/** Faults of this node. Every one ends by itself after its ttl. */
function serveFaults(app: App, deps: HttpDeps, engine: FaultEngine): void {
  app.get(
    "/v1/faults",
    {
      config: { needs: "viewer" },
      schema: {
        summary: "The faults set on this node",
        tags: ["faults"],
        response: { 200: z.object({ faults: z.array(activeFault) }), ...problems },
      },
    },
    async () => ({ faults: faultsOf(engine) }),
  );

  app.post(
    "/v1/faults",
    {
      config: { needs: "chaos" },
      preValidation: [refuseUnsupported, refuseUnknownStep],
      schema: {
        summary: "Sets a fault on this node",
        description: "The answer leaves before the fault acts.",
        tags: ["faults"],
        body: faultRequestSchema,
        response: { 200: z.object({ id: z.string(), expiresInMs: z.number() }), ...problems },
      },
    },
    async (request, reply) => {
      requireKnownPeer(request.body, deps);
      const accepted = await engine.set(request.body, answered(reply));
      deps.onFaultsChanged();
      return accepted;
    },
  );

  app.delete(
    "/v1/faults",
    {
      config: { needs: "operator" },
      schema: {
        summary: "Heals all faults of this node",
        tags: ["faults"],
        response: { 200: healed, ...problems },
      },
    },
    async () => {
      const ids = [...engine.heal()];
      deps.onFaultsChanged();
      return { healed: ids };
    },
  );

  app.delete(
    "/v1/faults/:id",
    {
      config: { needs: "operator" },
      schema: {
        summary: "Heals one fault of this node",
        tags: ["faults"],
        params: z.object({ id: z.string().min(1).max(128) }),
        response: { 200: healed, ...problems },
      },
    },
    async (request) => {
      const { id } = request.params;
      const ids = [...engine.heal(id)];
      if (ids.length === 0) throw new HttpProblem("FAULT_UNKNOWN", `No fault "${id}" is set here.`);
      deps.onFaultsChanged();
      return { healed: ids };
    },
  );
}

async function refuseUnsupported(request: FastifyRequest): Promise<void> {
  const kind = (request.body as { kind?: unknown } | null | undefined)?.kind;
  if (typeof kind !== "string" || !unsupportedFaultKinds.includes(kind)) return;
  throw new HttpProblem(
    "FAULT_KIND_UNSUPPORTED",
    `This release has no fault "${kind}". It has ${faultKinds.join(", ")}.`,
  );
}

async function refuseUnknownStep(request: FastifyRequest): Promise<void> {
  const { kind, step } = (request.body ?? {}) as { kind?: unknown; step?: unknown };
  if (kind !== "crash-at" || typeof step !== "string" || crashSteps.has(step)) return;
  const steps = [...crashSteps.keys()];
  throw new HttpProblem(
    "FAULT_STEP_UNKNOWN",
    `There is no step "${step}" to crash at. There are: ${steps.join(", ")}.`,
    { steps },
  );
}

/** A link to nobody would be cut silently, and the operator would wait for an effect. */
function requireKnownPeer(request: FaultRequest, deps: HttpDeps): void {
  if (!("peer" in request)) return;
  const node = deps.findNode();
  if (node === null) return;
  if (request.peer === node.nodeId) {
    throw new HttpProblem("REQUEST_INVALID", "A node has no link to itself.", {
      issues: [{ path: "peer", message: "this node itself" }],
    });
  }
  const known = new Set([
    ...node.authority().state.nodes.keys(),
    ...node.belief().peers.map((peer) => peer.nodeId),
  ]);
  if (known.has(request.peer)) return;
  throw new HttpProblem("NODE_UNKNOWN", `No node "${request.peer}" to cut the link to.`);
}

const answered = (reply: FastifyReply): Promise<void> =>
  new Promise((resolve) => reply.raw.once("finish", resolve).once("close", resolve));
