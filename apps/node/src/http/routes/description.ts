import type { Routes } from "../deps.ts";
import type { Metrics } from "../metrics.ts";

/** What machines read: Prometheus text, and the description of this API. */
export const descriptionRoutes =
  (metrics: Metrics): Routes =>
  (app) => {
    app.get(
      "/metrics",
      { config: { needs: "anyone" }, schema: { summary: "Prometheus text", tags: ["health"] } },
      async (_request, reply) =>
        await reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
    );

    app.get("/openapi.json", { config: { needs: "anyone" }, schema: { hide: true } }, async () =>
      app.swagger(),
    );
  };
