import { type ClusterState, isProxy, ownerOf, type ShardRow } from "./cluster.ts";
import { type Epoch, type NodeRef, sameNode, shardKey } from "./ids.ts";
import type { LogEntry } from "./log.ts";
import type { RegionState } from "./region.ts";

/**
 * What must never happen, as functions that name what they found (DESIGN section 10). Each returns one
 * sentence per violation and an empty list when all is well.
 */

/** S1: two nodes serve one shard at the same instant. `regions` are those whose lease holds. */
export function servedTwice(regions: readonly RegionState[]): readonly string[] {
  const servers = new Map<string, string>();
  const found: string[] = [];
  for (const region of regions) {
    for (const [key, held] of region.held) {
      if (held.phase === "sending" || held.phase === "frozen") continue;
      const other = servers.get(key);
      const self = `${region.self.nodeId} at epoch ${held.epoch}`;
      if (other !== undefined) found.push(`S1: ${key} is served by ${other} and by ${self}`);
      servers.set(key, self);
    }
  }
  return found;
}

/** S2: a shard's epoch goes down, or the same epoch is granted a second time. */
export function epochsRepeated(before: ClusterState, after: ClusterState): readonly string[] {
  return shardPairs(before, after).flatMap(([key, was, is]) => {
    if (is.epoch < was.epoch) return [`S2: ${key} went from epoch ${was.epoch} to ${is.epoch}`];
    const [a, b] = [ownerOf(was), ownerOf(is)];
    if (was.epoch !== is.epoch || b === null) return [];
    // Its last home had this epoch, also where it has none any more.
    const isSameGrant = a !== null && sameNode(a, b);
    return isSameGrant ? [] : [`S2: epoch ${is.epoch} of ${key} was granted twice`];
  });
}

/**
 * A shard starts from state that nobody has any more, though its source lives and was not evicted. `regions` are those whose
 * lease holds. The state may be with the source (frozen), with the target (arrived) or served already.
 */
export function stateLost(state: ClusterState, regions: readonly RegionState[]): readonly string[] {
  return [...state.shards].flatMap(([group, rows]) =>
    rows.flatMap((row, shard) => {
      if (row.state !== "starting" || row.carried === null) return [];
      const { handoffId, from } = row.carried;
      if (state.nodes.get(from.nodeId)?.state === "evicted") return [];
      if (!regions.some((region) => sameNode(region.self, from))) return [];
      const key = shardKey({ group, shard });
      const isThere = regions.some((region) => hasState(region, key, handoffId, row.epoch));
      return isThere ? [] : [`the state of ${key} that ${handoffId} carries is nowhere`];
    }),
  );
}

function hasState(region: RegionState, key: string, handoffId: string, epoch: Epoch): boolean {
  const held = region.held.get(key);
  const isFrozen = held?.phase === "frozen" && held.handoffId === handoffId;
  return isFrozen || held?.epoch === epoch || region.arrived.has(handoffId);
}

/**
 * S6: a second handoff starts while one is in flight.
 *
 * @param open what is in flight, by shard; the same map for each part of one log.
 */
export function handoffsOverlapping(
  entries: readonly LogEntry[],
  open: Map<string, string> = new Map(),
): readonly string[] {
  const found: string[] = [];
  for (const entry of entries) {
    if (entry.type === "handoff-began") {
      const other = open.get(shardKey(entry));
      if (other !== undefined)
        found.push(`S6: ${shardKey(entry)} is in ${other} and ${entry.handoffId}`);
      open.set(shardKey(entry), entry.handoffId);
    } else if (entry.type === "shard-assigned" || entry.type === "shard-vacated") {
      open.delete(shardKey(entry));
    }
  }
  return found;
}

/** S7: the log has a gap, or a term goes down. */
export function logBroken(entries: readonly LogEntry[]): readonly string[] {
  return entries.flatMap((entry, i) => {
    const before = entries[i - 1];
    if (before === undefined) return [];
    if (entry.seq !== before.seq + 1) return [`S7: ${entry.seq} follows ${before.seq}`];
    return entry.term < before.term ? [`S3: term ${entry.term} wrote after ${before.term}`] : [];
  });
}

/** Rows that no sequence of decisions may lead to. */
export function rowsMalformed(state: ClusterState): readonly string[] {
  const { coordinator, nodes } = state;
  const leader = coordinator === null ? undefined : nodes.get(coordinator.nodeId);
  const isWrong = leader?.incarnation === coordinator?.incarnation && leader && isProxy(leader);
  const misled = isWrong ? [`the proxy ${leader.nodeId} leads`] : [];
  return [...misled, ...shardsMalformed(state)];
}

function shardsMalformed(state: ClusterState): readonly string[] {
  return [...state.shards].flatMap(([group, rows]) =>
    rows.flatMap((row, shard) => {
      const name = `${group}/${shard}`;
      const owner = ownerOf(row);
      if (owner === null) return [];
      const gone = whyGone(state, owner);
      if (gone !== null) return [`${name} belongs to ${owner.nodeId}, which ${gone}`];
      if (row.state !== "handing-off") return [];
      const { to } = row.handoff;
      if (sameNode(to, owner)) return [`${name} is handed from ${owner.nodeId} to itself`];
      const lost = whyGone(state, to);
      return lost === null ? [] : [`${name} is handed to ${to.nodeId}, which ${lost}`];
    }),
  );
}

/** Why this life can have no shard, or null where it can. */
function whyGone(state: ClusterState, node: NodeRef): string | null {
  const row = state.nodes.get(node.nodeId);
  if (row === undefined) return "never joined";
  if (!sameNode(row, node)) return "has another life now";
  if (isProxy(row)) return "is a proxy";
  return row.state === "dead" ? "is dead" : null;
}

function shardPairs(
  before: ClusterState,
  after: ClusterState,
): readonly [string, ShardRow, ShardRow][] {
  return [...before.shards].flatMap(([group, rows]) =>
    rows.map((row, shard): [string, ShardRow, ShardRow] => [
      `${group}/${shard}`,
      row,
      after.shards.get(group)?.[shard] ?? row,
    ]),
  );
}
