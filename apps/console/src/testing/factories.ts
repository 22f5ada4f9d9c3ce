import type {
  Belief,
  ClusterState,
  LogEntry,
  ShardBelief,
  ShardRow,
} from "@leasehold/sharding/observe";
import { applyEntries, emptyCluster } from "@leasehold/sharding/observe";
import type { NodeView } from "../live/node-row.ts";
import type { NodeObservation } from "../wire/relay-frames.ts";

/** Small, valid values for tests; each takes what the test is about and makes up the rest. */
export const nodeRef = (nodeId: string, life = "1") => ({
  nodeId,
  incarnation: `${nodeId}-${life}`,
});

export const hosted = (nodeId: string, epoch = 1): ShardRow => ({
  state: "hosted",
  epoch,
  pinned: false,
  owner: nodeRef(nodeId),
});

export const serving = (shard: number, epoch = 1): ShardBelief => ({
  group: "default",
  shard,
  epoch,
  serving: true,
  phase: "serving",
});

type WithoutPlace<T> = T extends unknown ? Omit<T, "seq" | "at" | "term"> : never;

/** Numbers events into entries, one millisecond apart. */
export const entriesOf = (from: number, ...events: readonly WithoutPlace<LogEntry>[]): LogEntry[] =>
  events.map((event, index) => ({
    ...event,
    seq: from + index,
    at: new Date(1_700_000_000_000 + from + index).toISOString(),
    term: 1,
  }));

export const assigned = (shard: number, nodeId: string, epoch: number) =>
  ({
    type: "shard-assigned",
    group: "default",
    shard,
    ...nodeRef(nodeId),
    epoch,
    cause: "allocated",
    carried: null,
  }) as const;

export const hostedEvent = (shard: number, nodeId: string, epoch: number) =>
  ({ type: "shard-hosted", group: "default", shard, ...nodeRef(nodeId), epoch }) as const;

export const joined = (nodeId: string) =>
  ({
    type: "node-joined",
    ...nodeRef(nodeId),
    address: `http://${nodeId}`,
    zone: "",
    weight: 1,
    labels: {},
  }) as const;

/** Two nodes, four shards: even ones at node-a, odd ones at node-b, all hosted at epoch 1. */
export function smallCluster(history = "h1"): ClusterState {
  const home = (shard: number): string => (shard % 2 === 0 ? "node-a" : "node-b");
  const shards = [0, 1, 2, 3];
  return applyEntries(
    emptyCluster(history),
    entriesOf(
      1,
      { type: "coordinator-elected", ...nodeRef("node-a") },
      { type: "group-created", group: "default", shards: 4, strategy: "least-loaded" },
      joined("node-a"),
      joined("node-b"),
      ...shards.map((it) => assigned(it, home(it), 1)),
      ...shards.map((it) => hostedEvent(it, home(it), 1)),
    ),
  );
}

export function observation(
  nodeId: string,
  shards: readonly ShardBelief[],
  more: {
    readonly belief?: Partial<Belief>;
    readonly ageMs?: number;
    readonly whole?: boolean;
  } = {},
): NodeObservation {
  const { peers, ...belief } = beliefOf(nodeId, more.belief);
  return {
    nodeId,
    faultsOn: true,
    leaseTtlMs: 5000,
    belief,
    peers,
    ageMs: more.ageMs ?? 0,
    whole: more.whole ?? true,
    changed: shards,
    gone: [],
  };
}

export const beliefOf = (nodeId: string, more: Partial<Belief> = {}): Belief => ({
  ...nodeRef(nodeId),
  pid: 1,
  role: "candidate",
  term: 1,
  seq: 0,
  lease: { state: "held", leftMs: 4500 },
  postgres: { reachable: true, lastOkMsAgo: 10 },
  peers: [],
  faults: [],
  load: { requestsPerSecond: 0, failedPerSecond: 0, p50Ms: 0, p99Ms: 0, entities: 0 },
  healUrl: null,
  ...more,
});

/** A node that is heard, well, and has faults on. */
export const nodeView = (nodeId: string, more: Partial<NodeView> = {}): NodeView => ({
  nodeId,
  condition: "ready",
  incarnation: `${nodeId}-1`,
  zone: "",
  weight: 1,
  address: `http://${nodeId}`,
  cordoned: false,
  isCoordinator: false,
  owned: 0,
  believedOnly: 0,
  leaseTtlMs: 5000,
  leaseLeftMs: 4500,
  leaseState: "held",
  leaseAtRisk: false,
  postgresReachable: true,
  postgresOkMsAgo: 10,
  peers: [],
  faults: [],
  faultsOn: true,
  load: null,
  seq: 1,
  term: 1,
  pid: 1,
  heardMsAgo: 0,
  divergent: 0,
  ...more,
});
