import type { GroupRow } from "./cluster.ts";
import { hashVersion } from "./hash.ts";
import type { GroupName } from "./ids.ts";
import type { GroupDeclaration } from "./log.ts";
import type { RefusalCode } from "./messages.ts";

/**
 * What all nodes of a cluster must have alike. Who differs is refused before it takes part, and takes
 * nothing over: two shard counts would put one entity into two shards, and so would two hashes.
 */
export interface Disagreement {
  readonly code: Extract<RefusalCode, "GROUP_MISMATCH" | "VERSION_MISMATCH">;
  /** For an operator: the option, the cluster's value, this node's, and what to do. */
  readonly why: string;
}

/** The version of the messages between nodes; the mesh's hello carries it, too. */
export const protocolVersion = 1;

export interface Versions {
  readonly protocol: number;
  readonly hash: number;
}

export const ownVersions: Versions = { protocol: protocolVersion, hash: hashVersion };

/** @param declared absent from nodes older than the field: they speak version 1 of both. */
export function disagreeOnVersions(
  declared: Versions = { protocol: 1, hash: 1 },
  own: Versions = ownVersions,
): Disagreement | null {
  const differ = (what: string, cluster: number, node: number): Disagreement => ({
    code: "VERSION_MISMATCH",
    why: `The ${what} has version ${cluster} in this cluster, but version ${node} on this node. Run a release of Leasehold that has version ${cluster} of it here.`,
  });
  if (declared.protocol !== own.protocol)
    return differ("protocol between nodes", own.protocol, declared.protocol);
  if (declared.hash !== own.hash)
    return differ("hash that places entities", own.hash, declared.hash);
  return null;
}

export function disagreeOnGroups(
  known: ReadonlyMap<GroupName, GroupRow>,
  declared: readonly GroupDeclaration[],
): Disagreement | null {
  const code = "GROUP_MISMATCH";
  for (const { group, shards, strategy, workers } of declared) {
    const row = known.get(group);
    if (row === undefined) continue;
    // A daemon's number of workers is changed while the cluster runs: what a program says is only the first one.
    if (workers === undefined && row.shards !== shards) {
      const why = `Group "${group}" has ${row.shards} shards in this cluster, but this node declares ${shards}. The count is fixed when a group is created: start the node with ${row.shards}.`;
      return { code, why };
    }
    if (row.strategy !== strategy) {
      const why = `Group "${group}" has the strategy ${row.strategy} in this cluster, but this node declares ${strategy}. Start the node with ${row.strategy}.`;
      return { code, why };
    }
  }
  return null;
}
