import { type ClusterState, isProxy } from "../core/cluster.ts";
import type { NodeId } from "../core/ids.ts";
import type { AdminCommand } from "../core/messages.ts";
import { CoordinatorUnavailableError, NoCoordinatorError } from "../errors.ts";
import type { Clock } from "../ports/clock.ts";
import { pause } from "./pause.ts";

export interface HandOverPorts {
  readonly nodeId: NodeId;
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly cluster: () => ClusterState;
  readonly hasLease: () => boolean;
  readonly holdsNothing: () => boolean;
  readonly admin: (command: AdminCommand, deadlineMs: number) => Promise<unknown>;
}

/** Hands every shard over, as far as there is somebody to take them, and returns when that is done or late. */
export async function handOver(ports: HandOverPorts, timeoutMs: number): Promise<void> {
  const { clock, nodeId } = ports;
  const endMs = clock.monotonicMs() + timeoutMs;
  while (clock.monotonicMs() < endMs && ports.hasLease()) {
    const state = ports.cluster().nodes.get(nodeId)?.state;
    const isOut = state === "drained" || state === "evicted";
    if (isOut && ports.holdsNothing()) return;
    if (!hasSuccessor(ports)) return;
    if (state === "up") await askToDrain(ports, endMs - clock.monotonicMs());
    else await pause(clock, 10);
  }
}

/** Asking twice drains once, so no answer is no reason to give up: the link may be cut by now. */
async function askToDrain({ nodeId, ttlMs, admin }: HandOverPorts, leftMs: number): Promise<void> {
  try {
    await admin({ tag: "drain", by: "shutdown", nodeId }, Math.min(leftMs, ttlMs));
  } catch (error) {
    const isUnanswered =
      error instanceof CoordinatorUnavailableError || error instanceof NoCoordinatorError;
    if (!isUnanswered) throw error;
  }
}

function hasSuccessor({ nodeId, cluster }: HandOverPorts): boolean {
  for (const node of cluster().nodes.values()) {
    if (node.nodeId === nodeId || node.state !== "up") continue;
    if (!node.cordoned && !isProxy(node)) return true;
  }
  return false;
}
