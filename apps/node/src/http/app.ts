import { randomUUID } from "node:crypto";
import type { Server } from "node:http";
import swagger from "@fastify/swagger";
import fastify, { type FastifyRequest } from "fastify";
import {
  createSerializerCompiler,
  jsonSchemaTransform,
  validatorCompiler,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";
import { z } from "zod";
import { acceptJsonBodies, bodyLimitBytes } from "./body.ts";
import type { App, HttpDeps } from "./deps.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { answerClientError, answerFrameworkError, answerProblems } from "./problem-answers.ts";
import { HttpProblem } from "./problems.ts";
import { clusterRoutes } from "./routes/cluster.ts";
import { daemonRoutes } from "./routes/daemons.ts";
import { descriptionRoutes } from "./routes/description.ts";
import { entityRoutes } from "./routes/entities.ts";
import { eventRoutes } from "./routes/events.ts";
import { faultRoutes } from "./routes/faults.ts";
import { healthRoutes } from "./routes/health.ts";
import { nodeRoutes } from "./routes/nodes.ts";
import { planRoutes } from "./routes/plans.ts";
import { selfRoutes } from "./routes/self.ts";
import { shardRoutes } from "./routes/shards.ts";
import { refusalOfUpgrade } from "./server.ts";

/**
 * The HTTP interface of a node, on a server that the caller made and closes: `/socket.io` and `/mesh`
 * share it. The same zod schemas check requests, shape answers and describe the API.
 */
export async function buildApp(server: Server, deps: HttpDeps): Promise<App> {
  const app = fastify({
    serverFactory: (handler) => server.on("request", handler),
    bodyLimit: bodyLimitBytes,
    routerOptions: { maxParamLength: 4096 },
    genReqId: () => randomUUID(),
    frameworkErrors: answerFrameworkError(deps.log),
    clientErrorHandler: answerClientError,
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validate);
  app.setSerializerCompiler(createSerializerCompiler({ replacer: asJson }));
  acceptJsonBodies(app);
  answerProblems(app, deps.log);

  const metrics = createMetrics(deps);
  guard(app, deps);
  measure(app, metrics);
  await describe(app);
  const routes = [
    healthRoutes,
    clusterRoutes,
    shardRoutes,
    selfRoutes,
    eventRoutes,
    entityRoutes,
    daemonRoutes,
    planRoutes,
    nodeRoutes,
    faultRoutes,
    descriptionRoutes(metrics),
  ];
  // Here and not in `after`: an error there is nobody's, and the start would wait for ever.
  await app.after();
  for (const register of routes) register(app, deps);
  await app.ready();
  return app;
}

/** `z.unknown()` only describes; running it would turn "no body" into null. */
const validate: typeof validatorCompiler = (route) =>
  route.schema instanceof z.ZodUnknown ? () => true : validatorCompiler(route);

/** Handlers may return big integers; JSON has none. */
const asJson = (_key: string, value: unknown): unknown =>
  typeof value === "bigint" ? value.toString() : value;

/** Runs before every handler, unknown routes included: nothing is answered unless somebody opened it. */
function guard(app: App, { access, connections, isLeaving }: HttpDeps): void {
  const refusalOf = (request: FastifyRequest): HttpProblem | null => {
    const { raw, headers } = request;
    const refused = refusalOfUpgrade(raw);
    if (refused !== null) return refused;
    if (!connections.admit(raw.socket, "http")) {
      // It is told to try again, and then finds the room of those that only wait.
      app.server.closeIdleConnections();
      const detail = "This node has all the HTTP connections it takes.";
      return new HttpProblem("OVERLOADED", detail, { retryable: true });
    }
    // Only what is no route at all says nothing; that, everybody who may look may hear.
    const { needs = "viewer" } = request.routeOptions.config;
    const foreign = access.foreignPlace(headers);
    return foreign ?? (needs === "anyone" ? null : access.missingRole(headers, needs));
  };

  app.addHook("onRoute", ({ method, url, config }) => {
    if (config?.needs === undefined) throw new Error(`${method} ${url} does not say who may ask.`);
  });
  app.addHook("onRequest", async (request, reply) => {
    const refusal = refusalOf(request);
    // A refused caller keeps no connection: those are counted.
    if (refusal !== null || isLeaving()) reply.header("connection", "close");
    if (refusal !== null) throw refusal;
  });
}

function measure(app: App, metrics: Metrics): void {
  app.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "unknown";
    metrics.observeRequest(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
  });
}

async function describe(app: App): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Leasehold node",
        version: "1",
        description:
          "Errors are RFC 9457 problems with `code`, `retryable` and `executed`. With tokens set, " +
          "everything but health, metrics and this page needs one as bearer token, of the role in `x-role` " +
          "or one above it: viewer, operator, chaos, admin.",
      },
      components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
      security: [{}, { token: [] }],
    },
    transform: (it) => {
      const described = jsonSchemaTransform(it);
      return { ...described, schema: { ...described.schema, "x-role": it.route.config?.needs } };
    },
  });
}
