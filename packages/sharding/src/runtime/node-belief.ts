import type { NodeId } from "../core/ids.ts";
import type { NodeBelief } from "../node-api.ts";
import type { NodeRuntime } from "./node-runtime.ts";
import type { RuntimePorts } from "./runtime-ports.ts";

/** What a node says of itself, which is not always what the rows say. */
export function nodeBelief(
  nodeId: NodeId,
  ttlMs: number,
  runtime: NodeRuntime,
  { clock, transport }: RuntimePorts,
): NodeBelief {
  const { lease, replica, coordinator, postgresAtMs, plane } = runtime;
  const sinceMs = postgresAtMs === null ? null : Math.round(clock.monotonicMs() - postgresAtMs);
  const { entities } = plane.executor.stats();
  const connected = new Set(transport.connected().map((peer) => peer.incarnation));
  return {
    nodeId,
    incarnation: lease.incarnation,
    pid: process.pid,
    role: runtime.isProxy ? "proxy" : coordinator.isActive() ? "coordinator" : "candidate",
    term: replica.state.term,
    seq: replica.state.seq,
    lease: { state: lease.state, leftMs: Math.round(lease.grant?.leftMs() ?? 0) },
    postgres: {
      reachable: sinceMs !== null && sinceMs < ttlMs / 2,
      lastOkMsAgo: sinceMs,
    },
    peers: [...replica.state.nodes.values()]
      .filter((row) => row.nodeId !== nodeId && row.state !== "dead")
      .map((row) => ({
        nodeId: row.nodeId,
        incarnation: row.incarnation,
        connected: connected.has(row.incarnation),
      })),
    load: { ...plane.ask.load(), entities },
  };
}
