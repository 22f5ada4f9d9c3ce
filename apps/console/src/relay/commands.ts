import type { Command, Problem } from "../wire/commands.ts";
import type { EntityAddress } from "../wire/entity-view.ts";
import { healAll } from "./heal-all.ts";
import type { Hub } from "./hub.ts";
import { askNode, type NodeAnswer } from "./node-http.ts";
import type { NodeLinkHandle } from "./node-link.ts";
import type { Asker } from "./node-tokens.ts";

/** Carries one command of an operator to the node that it is for. */
export async function runCommand(hub: Hub, it: Command, asker: Asker): Promise<NodeAnswer> {
  switch (it.kind) {
    case "preview":
      return await askAny(hub, asker, "/v1/plans/preview", it.request);
    case "plan":
      return await askAny(hub, asker, `/v1/plans/${encodeURIComponent(it.planId)}/${it.verb}`, {});
    case "node":
      return await askAny(hub, asker, `/v1/nodes/${encodeURIComponent(it.nodeId)}/${it.verb}`, {});
    case "unpin":
      return await askAny(
        hub,
        asker,
        `/v1/shards/${encodeURIComponent(it.group)}/${it.shard}/unpin`,
        {},
      );
    case "scale": {
      const path = `/v1/daemons/${encodeURIComponent(it.daemon)}/scale`;
      return await askAny(hub, asker, path, { workers: it.workers });
    }
    case "fault":
      return await askOne(hub, asker, {
        ...it,
        method: "POST",
        path: "/v1/faults",
        body: it.fault,
      });
    case "heal":
      return await askOne(hub, asker, {
        ...it,
        method: "DELETE",
        path: `/v1/faults/${encodeURIComponent(it.faultId)}`,
      });
    case "heal-all":
      return { ok: true, status: 200, body: await healAll(hub, asker) };
    default:
      return it satisfies never;
  }
}

/** Any node sees every entity, and none is activated for it. */
export function lookAt(
  hub: Hub,
  { type, id, namespace }: EntityAddress,
  asker: Asker,
): Promise<NodeAnswer> {
  const [of, key] = [encodeURIComponent(type), encodeURIComponent(id)];
  return askAny(hub, asker, `/v1/entities/${of}/${key}?${new URLSearchParams({ namespace })}`);
}

/**
 * Any node can carry a command to the coordinator. The coordinator's own node is asked first, then the
 * healthy ones; the next one is asked only where nothing can have been carried out.
 */
async function askAny(hub: Hub, asker: Asker, path: string, body?: unknown): Promise<NodeAnswer> {
  const method = body === undefined ? "GET" : "POST";
  let last: NodeAnswer | null = null;
  for (const link of inOrderOfTrust(hub)) {
    const answer = await askNode(link.address, asker, method, path, body);
    if (answer.ok || answer.reached || answer.problem.executed !== "no") return answer;
    last = answer;
  }
  return last ?? { ok: false, reached: false, problem: noNode };
}

async function askOne(
  hub: Hub,
  asker: Asker,
  it: {
    readonly nodeId: string;
    readonly method: "POST" | "DELETE";
    readonly path: string;
    readonly body?: unknown;
  },
): Promise<NodeAnswer> {
  const address = addressOf(hub, it.nodeId);
  if (address === null) return { ok: false, reached: false, problem: unknownNode(it.nodeId) };
  return await askNode(address, asker, it.method, it.path, it.body);
}

function inOrderOfTrust(hub: Hub): NodeLinkHandle[] {
  const coordinator = hub.authority.state?.coordinator?.nodeId;
  const rank = (link: NodeLinkHandle): number => {
    const sighting = hub.sightings.get(link.hello?.nodeId ?? "");
    if (link.state !== "connected" || sighting === undefined) return 3;
    if (!sighting.belief.postgres.reachable || sighting.belief.lease.state !== "held") return 2;
    return sighting.belief.nodeId === coordinator ? 0 : 1;
  };
  return hub.links().toSorted((a, b) => rank(a) - rank(b));
}

/** A link that has said who it is, else what the cluster says. */
function addressOf(hub: Hub, nodeId: string): string | null {
  const link = hub.links().find((it) => it.hello?.nodeId === nodeId);
  return link?.address ?? hub.authority.state?.nodes.get(nodeId)?.address ?? null;
}

const noNode: Problem = {
  title: "No node can be reached.",
  status: 503,
  code: "NO_NODE",
  retryable: true,
  executed: "no",
};

const unknownNode = (nodeId: string): Problem => ({
  title: `No node is called ${JSON.stringify(nodeId)}.`,
  status: 404,
  code: "NODE_UNKNOWN",
  retryable: false,
  executed: "no",
});
