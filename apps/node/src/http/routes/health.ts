import { NodeNotReadyError } from "@leasehold/sharding";
import { z } from "zod";
import type { HttpDeps, Routes } from "../deps.ts";
import { problems } from "../schemas.ts";

/** Alive: the event loop turns. Ready: joined, its lease valid, not leaving. */
export const healthRoutes: Routes = (app, deps) => {
  app.get(
    "/livez",
    {
      config: { needs: "anyone" },
      schema: {
        summary: "The process is alive",
        tags: ["health"],
        response: { 200: z.object({ status: z.literal("alive") }) },
      },
    },
    async () => ({ status: "alive" }) as const,
  );

  app.get(
    "/readyz",
    {
      config: { needs: "anyone" },
      schema: {
        summary: "The node has joined, its lease is valid, and it is not leaving",
        tags: ["health"],
        response: { 200: z.object({ status: z.literal("ready") }), ...problems },
      },
    },
    async () => {
      const why = whyNotReady(deps);
      if (why !== null) throw new NodeNotReadyError(why);
      return { status: "ready" } as const;
    },
  );
};

function whyNotReady(deps: HttpDeps): string | null {
  if (deps.isLeaving()) return "This node is leaving.";
  const node = deps.findNode();
  if (node === null) return "This node has not joined its cluster yet.";
  if (node.isReady()) return null;
  const { lease, role } = node.belief();
  if (lease.state !== "held") return `Its lease is ${lease.state}.`;
  return role === "proxy"
    ? "This node is a proxy, and no node that hosts shards is connected to it."
    : "This node is joining or leaving.";
}
