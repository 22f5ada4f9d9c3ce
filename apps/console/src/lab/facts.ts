import { daemonOf, ownerOf } from "@leasehold/sharding/observe";
import { compareNames } from "../live/names.ts";
import type { Hub } from "../relay/hub.ts";
import type { BlastRadius } from "../wire/lab.ts";
import { type Facts, type Planned, plural } from "./scenarios/scenario.ts";

/** The cluster as scenarios are planned for it; null: no cluster is seen yet. */
export function factsOf(hub: Hub, noRestart: string | null): Facts | null {
  const { state } = hub.authority;
  if (state === null) return null;
  const counts = new Map<string, number>();
  const shards: Facts["shards"][number][] = [];
  for (const [group, rows] of state.shards) {
    for (const [shard, row] of rows.entries()) {
      const owner = ownerOf(row)?.nodeId;
      if (owner === undefined) continue;
      counts.set(owner, (counts.get(owner) ?? 0) + 1);
      if (daemonOf(group) === null) {
        shards.push({ label: `${group}/${shard}`, ref: { group, shard }, owner });
      }
    }
  }
  const nodes = [...state.nodes.values()]
    .filter((it) => it.state !== "dead")
    .map(({ nodeId, incarnation, state: is, weight }) => ({
      ...{ nodeId, incarnation, isUp: is === "up" && weight > 0 },
      shards: counts.get(nodeId) ?? 0,
    }))
    .sort((a, b) => compareNames(a.nodeId, b.nodeId));
  const otherFaults = nodes.flatMap(({ nodeId }) =>
    (hub.sightings.get(nodeId)?.belief.faults ?? []).map((it) => `${nodeId}: ${it.kind}`),
  );
  const { leaseTtlMs } = hub.meta();
  const coordinator = state.coordinator?.nodeId ?? null;
  return { leaseTtlMs, coordinator, nodes, shards, otherFaults, noRestart };
}

export function blastOf(facts: Facts, planned: Planned): BlastRadius {
  const hit = facts.nodes.filter((it) => planned.nodes.includes(it.nodeId));
  const shards = hit.reduce((sum, it) => sum + it.shards, 0);
  const totalShards = facts.nodes.reduce((sum, it) => sum + it.shards, 0);
  const names = hit.map((it) => it.nodeId);
  const where = names.length > 4 ? plural(names.length, "node") : names.join(", ");
  return {
    sentence: `${shards} of ${plural(totalShards, "shard")}, on ${where}`,
    ...{ nodes: names, shards, totalShards },
    otherFaults: [...facts.otherFaults],
  };
}

/** About how long it takes: what is waited for takes a lease at most, mostly. @unit milliseconds */
export function expectedMsOf(facts: Facts, planned: Planned): number {
  const perStep = planned.steps.map((step) =>
    step.tag === "pass" ? step.forMs : step.tag === "wait" ? facts.leaseTtlMs / 2 : 200,
  );
  return Math.round(perStep.reduce((sum, it) => sum + it, 4000));
}
