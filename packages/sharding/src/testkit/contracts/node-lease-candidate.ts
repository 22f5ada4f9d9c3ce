import type { NodeId } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Lease } from "../../ports/lease.ts";
import type { LeaseSessions } from "../../ports/lease-session.ts";
import { NodeLease } from "../../runtime/node-lease.ts";
import { SessionLease } from "../../runtime/session-lease.ts";

/** A node that holds its own lease, and the coordinator's lease as that node would take it. */
export async function nodeLeaseOf(options: {
  readonly nodeId: NodeId;
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly sessions: LeaseSessions;
}): Promise<{ lease: Lease; node: NodeLease }> {
  const node = new NodeLease(
    {
      ...options,
      address: `http://${options.nodeId}`,
      processes: { self: () => null, observe: () => undefined, isGone: () => false },
      log: () => undefined,
      unreached: () => [],
    },
    {
      held: () => undefined,
      lost: () => undefined,
      heartbeat: () => undefined,
      sessionLost: () => undefined,
    },
  );
  await node.start();
  const lease = new SessionLease({
    session: () => node.session,
    isAlive: () => node.grant?.checkAlive() === true,
  });
  return { lease, node };
}
