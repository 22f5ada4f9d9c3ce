import type { Incarnation } from "../core/ids.ts";
import { watchFactor } from "../core/membership.ts";
import { NodeIdInUseError } from "../errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { LeaseRow, LeaseSession, NewLease } from "../ports/lease-session.ts";
import type { ProcessTable } from "../ports/processes.ts";
import { Grant } from "./grant.ts";
import { pause } from "./pause.ts";

/** What taking a node's lease needs. */
export interface Acquisition {
  readonly clock: Clock;
  readonly processes: ProcessTable;
  readonly ttlMs: number;
  readonly lease: NewLease;
  /** The life that this same process led before: it knows that it has stopped. */
  readonly predecessor: Incarnation | null;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

/**
 * Takes the node's own lease, once whoever had it before can serve no more: its row says so, this
 * process was it, its process is proven dead, or its counter stood still for more than a ttl.
 *
 * @throws {NodeIdInUseError} when the holder is seen to renew.
 */
export async function acquireLease(session: LeaseSession, need: Acquisition): Promise<Grant> {
  const { clock, lease } = need;
  let seen = null as LeaseRow | null;
  let seenAtMs = clock.monotonicMs();
  let isLocked = false;
  for (;;) {
    need.signal.throwIfAborted();
    isLocked ||= await session.tryLock(`node:${lease.nodeId}`);
    const row = await session.read(lease.nodeId);
    if (row !== null && hasRenewed(seen, row)) throw inUse(row);
    if (seen?.incarnation !== row?.incarnation) seenAtMs = clock.monotonicMs();
    seen = row;
    const mayTake = row === null || hasEnded(row, need, clock.monotonicMs() - seenAtMs);
    if (mayTake && isLocked) {
      const { nodeId, incarnation } = lease;
      // Before the statement is sent: whoever reads the new row begins to watch it later.
      const grant = new Grant({ nodeId, incarnation }, clock, need.ttlMs);
      if ((await session.take(lease, row)) !== null) return grant;
      continue;
    }
    await waitOn(session, mayTake ? row : null, need);
  }
}

/** A session that outlived its process (frozen, or half-open) must not keep the lock. */
async function waitOn(
  session: LeaseSession,
  over: LeaseRow | null,
  need: Acquisition,
): Promise<void> {
  const { clock, ttlMs } = need;
  if (over !== null) await session.terminate(over.backend);
  await pause(clock, ttlMs / 20 + (clock.random() * ttlMs) / 40);
}

function hasEnded(row: LeaseRow, need: Acquisition, unchangedMs: number): boolean {
  if (row.state !== "alive" || row.exited || row.incarnation === need.predecessor) return true;
  if (row.process !== null && need.processes.isGone(row.process)) return true;
  return unchangedMs > need.ttlMs * watchFactor;
}

const hasRenewed = (before: LeaseRow | null, row: LeaseRow | null): boolean =>
  before !== null &&
  row !== null &&
  row.state === "alive" &&
  before.incarnation === row.incarnation &&
  before.renewals !== row.renewals;

function inUse(row: LeaseRow): NodeIdInUseError {
  const where = row.process === null ? "" : `, pid ${row.process.pid}`;
  return new NodeIdInUseError(
    `Node id "${row.nodeId}" is in use: incarnation ${row.incarnation} at ${row.address}${where} renews its lease. Give this node another id, or stop that one.`,
  );
}
