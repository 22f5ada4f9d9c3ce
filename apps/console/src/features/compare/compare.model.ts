import {
  type ClusterState,
  ownerOf,
  type ShardRef,
  type ShardRow,
} from "@leasehold/sharding/observe";
import { isStanding } from "../../live/differences.ts";
import type { ClusterMirror, NodeSight } from "../../live/mirror.ts";
import { compareNames } from "../../live/names.ts";

/** A mirror, and the instant that it stands at. */
export interface Stand {
  readonly mirror: ClusterMirror;
  /** By the mirror's clock. @unit milliseconds */
  readonly nowMs: number;
}

/** What differs between two moments, and nothing that is alike. */
export interface Comparison {
  readonly shards: readonly ShardChange[];
  readonly nodes: readonly NodeChange[];
  readonly divergences: { readonly began: readonly string[]; readonly ended: readonly string[] };
  /** Entries of the log between them; null where they are of different logs. */
  readonly entries: number | null;
}

export interface ShardChange {
  readonly shard: ShardRef;
  readonly label: string;
  readonly before: ShardSide | null;
  readonly after: ShardSide | null;
}

export interface ShardSide {
  readonly owner: string | null;
  readonly epoch: number;
  readonly state: string;
}

export interface NodeChange {
  readonly nodeId: string;
  /** One line for each thing that differs: its name, then before and after. */
  readonly facts: readonly {
    readonly name: string;
    readonly before: string;
    readonly after: string;
  }[];
}

export function compare(before: Stand, after: Stand): Comparison {
  const [a, b] = [before.mirror.cluster, after.mirror.cluster];
  return {
    shards: compareShards(a, b),
    nodes: compareNodes(before.mirror, after.mirror),
    divergences: {
      began: notIn(divergencesOf(after), divergencesOf(before)),
      ended: notIn(divergencesOf(before), divergencesOf(after)),
    },
    entries: a === null || b === null || a.history !== b.history ? null : b.seq - a.seq,
  };
}

function compareShards(a: ClusterState | null, b: ClusterState | null): ShardChange[] {
  const groups = new Set([...(a?.shards.keys() ?? []), ...(b?.shards.keys() ?? [])]);
  const isPlain = groups.size === 1;
  const changes: ShardChange[] = [];
  for (const group of groups) {
    const [old, now] = [a?.shards.get(group) ?? [], b?.shards.get(group) ?? []];
    for (let shard = 0; shard < Math.max(old.length, now.length); shard++) {
      // Rows that nothing touched are one and the same only within one replay; their facts tell.
      const [before, after] = [sideOf(old[shard]), sideOf(now[shard])];
      if (JSON.stringify(before) === JSON.stringify(after)) continue;
      const label = isPlain || group === "default" ? String(shard) : `${group}/${shard}`;
      changes.push({ shard: { group, shard }, label, before, after });
    }
  }
  return changes;
}

const sideOf = (row: ShardRow | undefined): ShardSide | null =>
  row === undefined
    ? null
    : { owner: ownerOf(row)?.nodeId ?? null, epoch: row.epoch, state: row.state };

function compareNodes(before: ClusterMirror, after: ClusterMirror): NodeChange[] {
  const ids = new Set([
    ...(before.cluster?.nodes.keys() ?? []),
    ...(after.cluster?.nodes.keys() ?? []),
  ]);
  return [...ids].toSorted(compareNames).flatMap((nodeId) => {
    const [a, b] = [factsOf(before, nodeId), factsOf(after, nodeId)];
    const facts = Object.keys(b)
      .map((name) => ({ name, before: a[name] ?? "–", after: b[name] ?? "–" }))
      .filter((it) => it.before !== it.after);
    return facts.length === 0 ? [] : [{ nodeId, facts }];
  });
}

function factsOf(mirror: ClusterMirror, nodeId: string): Record<string, string> {
  const row = mirror.cluster?.nodes.get(nodeId);
  const sight: NodeSight | undefined = mirror.sights.get(nodeId);
  const belief = sight?.silent === true ? undefined : sight?.belief;
  const faults = belief?.faults.map((it) => it.kind).join(", ");
  return {
    state: row?.state ?? "not joined",
    life: row?.incarnation.slice(0, 8) ?? "–",
    cordoned: row?.cordoned === true ? "yes" : "no",
    shards: String(mirror.owned.of(nodeId).length),
    coordinator: mirror.cluster?.coordinator?.nodeId === nodeId ? "yes" : "no",
    heard: belief === undefined ? "no" : "yes",
    lease: belief?.lease.state ?? "not known",
    Postgres:
      belief === undefined ? "not known" : belief.postgres.reachable ? "reached" : "cut off",
    faults: faults === undefined || faults === "" ? "none" : faults,
  };
}

function divergencesOf({ mirror, nowMs }: Stand): string[] {
  return [...mirror.verdicts.divergences.values()].flatMap((list) =>
    list
      .filter((it) => isStanding(it, nowMs))
      .map((it) => `shard ${it.shard}: ${it.class}${it.nodeId === null ? "" : ` at ${it.nodeId}`}`),
  );
}

function notIn(list: readonly string[], other: readonly string[]): string[] {
  const known = new Set(other);
  return list.filter((it) => !known.has(it));
}
