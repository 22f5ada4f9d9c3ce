import { type ClusterState, findShard, ownerOf } from "@leasehold/sharding/observe";
import type { Facts } from "../wire/audit-view.ts";
import type { Command } from "../wire/commands.ts";

/** What there was before, as far as the console knows it: few facts, named as in the answer afterwards. */
export function factsBefore(
  state: ClusterState | null,
  faultsOf: (nodeId: string) => number,
  it: Command,
): Facts | null {
  switch (it.kind) {
    case "node": {
      const row = state?.nodes.get(it.nodeId);
      return row === undefined ? null : { state: row.state, cordoned: row.cordoned };
    }
    case "plan": {
      const row = state?.plans.get(it.planId);
      return row === undefined ? null : { state: row.state };
    }
    case "unpin": {
      const row = state === null ? undefined : findShard(state, it);
      if (row === undefined) return null;
      return { owner: ownerOf(row)?.nodeId ?? null, epoch: row.epoch, pinned: row.pinned };
    }
    case "scale":
      return { workers: state?.shards.get(`daemon:${it.daemon}`)?.length ?? null };
    case "fault":
    case "heal":
      return { faults: faultsOf(it.nodeId) };
    case "heal-all": {
      const nodes = [...(state?.nodes.keys() ?? [])];
      return { faults: nodes.reduce((sum, nodeId) => sum + faultsOf(nodeId), 0) };
    }
    case "preview":
      return null;
    default:
      return it satisfies never;
  }
}

/** Of an answer, the facts that stand for the whole of it. */
const telling = [
  "planId",
  "state",
  "cordoned",
  "owner",
  "epoch",
  "pinned",
  "workers",
  "healed",
  "targetPerSecond",
  "total",
];

export function factsAfter(answer: unknown): Facts | null {
  if (typeof answer !== "object" || answer === null) return null;
  const given = answer as Readonly<Record<string, unknown>>;
  const facts = telling.flatMap((name): [string, Facts[string]][] => {
    const value = given[name];
    const isPlain = value === null || ["string", "number", "boolean"].includes(typeof value);
    if (isPlain && name in given) return [[name, value as Facts[string]]];
    return Array.isArray(value) ? [[name, value.length]] : [];
  });
  return facts.length === 0 ? null : Object.fromEntries(facts);
}
