import type { NodeCounters, ShardingNode } from "@leasehold/sharding";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { HttpDeps } from "./deps.ts";

/**
 * Prometheus metrics. Whatever the node counts itself is read at each scrape; only HTTP requests are
 * counted here. Series exist from the start, so that a rate over the first increment is not lost.
 */
export interface Metrics {
  readonly registry: Registry;
  observeRequest(method: string, route: string, status: number, seconds: number): void;
}

const counterNames = {
  requests: ["leasehold_requests_total", "Entity requests that arrived at this node"],
  failures: ["leasehold_request_failures_total", "Entity requests answered with an error"],
  forwarded: ["leasehold_requests_forwarded_total", "Entity requests sent on to another node"],
  handoffsOut: ["leasehold_handoffs_out_total", "Shards handed to another node"],
  handoffsIn: ["leasehold_handoffs_in_total", "Shards taken from another node"],
  leaseLosses: ["leasehold_lease_losses_total", "Node leases lost"],
  takeOvers: ["leasehold_take_overs_total", "Times this node became coordinator"],
  workersGivenUp: [
    "leasehold_workers_given_up_total",
    "Workers of daemons that failed here, so that their shard went elsewhere",
  ],
  meshSocketsRefused: [
    "leasehold_mesh_sockets_refused_total",
    "Mesh sockets turned away before their hello",
  ],
  meshHellosRefused: [
    "leasehold_mesh_hellos_refused_total",
    "Mesh hellos that failed: another secret, cluster, life or version, or no hello at all",
  ],
  meshBadFrames: [
    "leasehold_mesh_bad_frames_total",
    "Mesh connections of proven peers that ended because of what the peer sent",
  ],
} as const satisfies Partial<Record<keyof NodeCounters, readonly [string, string]>>;

const leaseStates = ["held", "reconnecting", "lost"] as const;

type GaugeReading = readonly [name: string, help: string, read: (node: ShardingNode) => number];

const gauges: readonly GaugeReading[] = [
  [
    "leasehold_ready",
    "1 while this node has joined with a valid lease",
    (node) => Number(node.isReady()),
  ],
  ["leasehold_entities", "Resident entities", (node) => node.counters().entities],
  ["leasehold_shards_serving", "Shards this node serves", (node) => node.counters().shardsServing],
  [
    "leasehold_workers_running",
    "Workers of daemons that run on this node",
    (node) => node.counters().workersRunning,
  ],
  [
    "leasehold_handoff_states_out",
    "Captured states of shards that this node keeps until their target serves",
    (node) => node.counters().statesOut,
  ],
  [
    "leasehold_handoff_states_in",
    "States of shards that are on their way to this node",
    (node) => node.counters().statesIn,
  ],
  [
    "leasehold_lease_left_seconds",
    "Until this node's lease ends",
    (node) => node.belief().lease.leftMs / 1000,
  ],
  [
    "leasehold_coordinator",
    "1 while this node believes to lead",
    (node) => Number(node.belief().role === "coordinator"),
  ],
  ["leasehold_term", "The coordinator's term, as this node knows it", (node) => node.belief().term],
  [
    "leasehold_log_seq",
    "How far this node's copy of the log has come",
    (node) => node.authority().state.seq,
  ],
  [
    "leasehold_authority_age_seconds",
    "Since that copy was last known to be current",
    (node) => node.authority().ageMs / 1000,
  ],
  [
    "leasehold_postgres_reachable",
    "1 while Postgres answers this node",
    (node) => Number(node.belief().postgres.reachable),
  ],
  [
    "leasehold_peers_connected",
    "Peers with an open mesh connection",
    (node) => node.belief().peers.filter((peer) => peer.connected).length,
  ],
  [
    "leasehold_load_requests_per_second",
    "Over the last second",
    (node) => node.belief().load.requestsPerSecond,
  ],
  [
    "leasehold_load_failures_per_second",
    "Over the last second",
    (node) => node.belief().load.failedPerSecond,
  ],
  [
    "leasehold_load_p50_seconds",
    "Arrival to reply at the home, over the last second",
    (node) => node.belief().load.p50Ms / 1000,
  ],
  [
    "leasehold_load_p99_seconds",
    "Arrival to reply at the home, over the last second",
    (node) => node.belief().load.p99Ms / 1000,
  ],
];

export function createMetrics(deps: HttpDeps): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  registerCounters(registry, deps);
  registerGauges(registry, deps);
  const requests = new Histogram({
    name: "leasehold_http_request_duration_seconds",
    help: "From the request's headers to the end of its answer",
    labelNames: ["method", "route", "status"] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  return {
    registry,
    observeRequest: (method, route, status, seconds) =>
      requests.observe({ method, route, status }, seconds),
  };
}

function registerCounters(registry: Registry, deps: HttpDeps): void {
  for (const [key, [name, help]] of Object.entries(counterNames)) {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(deps.findNode()?.counters()[key as keyof NodeCounters] ?? 0);
      },
    });
  }
  new Counter({
    name: "leasehold_frames_dropped_total",
    help: "Mesh messages that were not delivered",
    labelNames: ["variant", "reason"] as const,
    registers: [registry],
    collect() {
      this.reset();
      for (const { variant, reason, count } of deps.findNode()?.drops.snapshot() ?? []) {
        this.inc({ variant, reason }, count);
      }
    },
  });
}

function registerGauges(registry: Registry, deps: HttpDeps): void {
  for (const [name, help, read] of gauges) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        const node = deps.findNode();
        this.set(node === null ? 0 : read(node));
      },
    });
  }
  new Gauge({
    name: "leasehold_lease_state",
    help: "1 for the state that this node's lease is in",
    labelNames: ["state"] as const,
    registers: [registry],
    collect() {
      const now = deps.findNode()?.belief().lease.state;
      for (const state of leaseStates) this.set({ state }, Number(state === now));
    },
  });
  new Gauge({
    name: "leasehold_connections",
    help: "Open connections of the node's port; undecided have not sent a request yet",
    labelNames: ["plane"] as const,
    registers: [registry],
    collect() {
      for (const [plane, count] of Object.entries(deps.connections.counts())) {
        this.set({ plane }, count);
      }
    },
  });
  new Gauge({
    name: "leasehold_observers",
    help: "Observation clients",
    registers: [registry],
    collect() {
      this.set(deps.observers());
    },
  });
  new Gauge({
    name: "leasehold_faults",
    help: "Faults set on this node",
    registers: [registry],
    collect() {
      this.set(deps.faults?.list().length ?? 0);
    },
  });
}
