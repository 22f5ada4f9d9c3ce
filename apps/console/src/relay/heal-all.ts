import type { HealReport } from "../wire/commands.ts";
import type { Hub } from "./hub.ts";
import { askNode } from "./node-http.ts";
import type { Asker } from "./node-tokens.ts";

/** Healing must answer while an operator watches. @unit milliseconds */
const timeoutMs = 3000;

/**
 * Takes every fault off every node. Asks the nodes and, beside them, their heal addresses: a paused or
 * frozen node cannot answer, the small process beside it can. Nothing here needs Postgres, a
 * coordinator, or one node to know of another.
 */
export async function healAll(hub: Hub, asker: Asker): Promise<HealReport> {
  const results = await Promise.all(targetsOf(hub).map((target) => heal(asker, target)));
  return {
    healed: results.reduce((sum, it) => sum + it.healed, 0),
    confirmed: results.filter((it) => it.why === null).map((it) => it.nodeId),
    notConfirmed: results.flatMap(({ nodeId, why }) => (why === null ? [] : [{ nodeId, why }])),
  };
}

interface Target {
  readonly nodeId: string;
  readonly address: string;
  readonly healUrl: string | null;
  readonly faults: number;
  /** Dead by the cluster's word: nothing to confirm when nobody answers. */
  readonly isGone: boolean;
}

function targetsOf(hub: Hub): Target[] {
  const targets = new Map<string, Target>();
  for (const row of hub.authority.state?.nodes.values() ?? []) {
    const sighting = hub.sightings.get(row.nodeId);
    targets.set(row.nodeId, {
      nodeId: row.nodeId,
      address: row.address,
      healUrl: sighting?.belief.healUrl ?? sighting?.hello.healUrl ?? null,
      faults: sighting?.belief.faults.length ?? 0,
      isGone: row.state === "dead" || row.state === "drained",
    });
  }
  // A node may be reachable before the console knows the cluster.
  for (const { hello, address } of hub.links()) {
    if (hello === null || targets.has(hello.nodeId)) continue;
    const { nodeId, healUrl } = hello;
    targets.set(nodeId, { nodeId, address, healUrl, faults: 0, isGone: false });
  }
  return [...targets.values()];
}

async function heal(
  asker: Asker,
  target: Target,
): Promise<{ readonly nodeId: string; readonly healed: number; readonly why: string | null }> {
  const [node, beside] = await Promise.all([
    askNode(target.address, asker, "DELETE", "/v1/faults", undefined, timeoutMs),
    target.healUrl === null
      ? null
      : askNode(target.healUrl, asker, "DELETE", "", undefined, timeoutMs),
  ]);
  const { nodeId, faults: healed } = target;
  // The heal address ends pauses only; what else the node carries, the node itself must confirm.
  if (node.ok) return { nodeId, healed, why: null };
  // Faults are off on this node: there is nothing to heal.
  if (node.problem.code === "FAULTS_OFF") return { nodeId, healed: 0, why: null };
  if (target.isGone && !node.reached) return { nodeId, healed: 0, why: null };
  const woken = beside?.ok === true ? "woken, but " : "";
  return { nodeId, healed: 0, why: `${woken}${node.problem.title}` };
}
