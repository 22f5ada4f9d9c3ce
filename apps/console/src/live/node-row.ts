import {
  type ActiveFault,
  isRenewalLate,
  type NodeLoad,
  type NodeRow,
} from "@leasehold/sharding/observe";
import type { NodeSight } from "./mirror.ts";

/** A node as the pages show it: what Postgres says about it, what it says itself, how long ago. */
export interface NodeView {
  readonly nodeId: string;
  readonly condition: NodeCondition;
  readonly incarnation: string;
  readonly zone: string;
  readonly weight: number;
  readonly address: string;
  readonly cordoned: boolean;
  readonly isCoordinator: boolean;
  readonly owned: number;
  readonly believedOnly: number;
  readonly leaseTtlMs: number;
  /** By its own clock when it was heard, less the time since; null when it was never heard. */
  readonly leaseLeftMs: number | null;
  readonly leaseState: "held" | "reconnecting" | "lost" | null;
  readonly leaseAtRisk: boolean;
  readonly postgresReachable: boolean | null;
  readonly postgresOkMsAgo: number | null;
  readonly peers: readonly { readonly nodeId: string; readonly connected: boolean }[];
  readonly faults: readonly ActiveFault[];
  readonly faultsOn: boolean;
  readonly load: NodeLoad | null;
  readonly seq: number | null;
  readonly term: number | null;
  readonly pid: number | null;
  readonly heardMsAgo: number | null;
  readonly divergent: number;
}

/** Worst thing first: one word says how a node is. */
export type NodeCondition =
  | "ready"
  | "reconnecting"
  | "cut"
  | "unknown"
  | "draining"
  | "drained"
  | "evicted"
  | "dead"
  | "cordoned"
  | "faulted";

export interface NodeFacts {
  readonly row: NodeRow;
  readonly sight: NodeSight | undefined;
  readonly isCoordinator: boolean;
  readonly owned: number;
  readonly believedOnly: number;
  readonly divergent: number;
  readonly nowMs: number;
}

export function viewNode(facts: NodeFacts): NodeView {
  const { row, sight, nowMs } = facts;
  const belief = sight?.belief;
  const heardMsAgo = sight === undefined ? null : Math.max(0, nowMs - sight.heardAtMs);
  const leaseTtlMs = sight?.leaseTtlMs ?? 0;
  const leaseLeftMs = leaseLeft(sight, heardMsAgo);
  return {
    nodeId: row.nodeId,
    condition: conditionOf(row, sight),
    incarnation: row.incarnation,
    zone: row.zone,
    weight: row.weight,
    address: row.address,
    cordoned: row.cordoned,
    isCoordinator: facts.isCoordinator,
    owned: facts.owned,
    believedOnly: facts.believedOnly,
    leaseTtlMs,
    leaseLeftMs,
    leaseState: belief?.lease.state ?? null,
    leaseAtRisk: isLeaseAtRisk(sight),
    postgresReachable: belief?.postgres.reachable ?? null,
    postgresOkMsAgo:
      belief?.postgres.lastOkMsAgo == null ? null : belief.postgres.lastOkMsAgo + (heardMsAgo ?? 0),
    peers: sight?.peers ?? [],
    faults: remainingFaults(belief?.faults ?? [], heardMsAgo ?? 0),
    faultsOn: sight?.faultsOn ?? false,
    load: belief?.load ?? null,
    seq: belief?.seq ?? null,
    term: belief?.term ?? null,
    pid: belief?.pid ?? null,
    heardMsAgo,
    divergent: facts.divergent,
  };
}

/** A node that speaks is judged by its own words first: the dead do not talk. */
function conditionOf(row: NodeRow, sight: NodeSight | undefined): NodeCondition {
  if (sight === undefined && row.weight === 0 && row.state === "up") {
    // A proxy inside an application shows nothing; it owns nothing either that it could be wrong about.
    return "ready";
  }
  if (sight === undefined || sight.silent) {
    return row.state === "up" || row.state === "draining" ? "unknown" : row.state;
  }
  if (!sight.belief.postgres.reachable) return "cut";
  if (row.state === "dead" || sight.belief.lease.state !== "held") return "reconnecting";
  if (row.state !== "up") return row.state;
  if (sight.belief.faults.length > 0) return "faulted";
  return row.cordoned ? "cordoned" : "ready";
}

const leaseLeft = (sight: NodeSight | undefined, heardMsAgo: number | null): number | null =>
  sight === undefined || heardMsAgo === null
    ? null
    : Math.max(0, sight.belief.lease.leftMs - heardMsAgo);

/** Judged by what the node said when it was heard: it speaks once a second, and a ttl may be two. */
const isLeaseAtRisk = (sight: NodeSight | undefined): boolean =>
  sight !== undefined &&
  (sight.belief.lease.state !== "held" ||
    isRenewalLate(sight.belief.lease.leftMs, sight.leaseTtlMs));

/** A fault outlives the frame that named it: a paused node says nothing while its ttl runs. */
const remainingFaults = (faults: readonly ActiveFault[], sinceMs: number): ActiveFault[] =>
  faults
    .map((it) => ({ ...it, expiresInMs: it.expiresInMs - sinceMs }))
    .filter((it) => it.expiresInMs > 0);
