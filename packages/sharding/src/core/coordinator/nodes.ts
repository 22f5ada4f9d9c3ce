import { disagreeOnGroups, disagreeOnVersions, type Versions } from "../agreement.ts";
import type { Candidate } from "../allocation.ts";
import type { NodeRow, ShardRow } from "../cluster.ts";
import { type NodeId, type NodeRef, type ShardRef, sameNode } from "../ids.ts";
import type { AssignCause, DeathProof, GroupDeclaration, NodeInfo } from "../log.ts";
import { cleanText } from "../text.ts";
import { abortHandoff } from "./handoff.ts";
import { assignClaimed, hasHeardAll } from "./rebuild.ts";
import type { Turn } from "./turn.ts";

/** Membership: who takes part, what becomes of a lost node's shards, and the first homes. */

export function joinNode(
  turn: Turn,
  from: NodeRef,
  info: NodeInfo,
  groups: readonly GroupDeclaration[],
  versions?: Versions,
): void {
  const refusal = disagreeOnVersions(versions) ?? disagreeOnGroups(turn.cluster.groups, groups);
  const row = turn.cluster.nodes.get(from.nodeId);
  const term = turn.cluster.term;
  const { nodeId, incarnation } = from;
  if (refusal !== null) {
    turn.send(from, { tag: "region-refused", term, incarnation, ...refusal });
    return;
  }
  if (row !== undefined && sameNode(row, from)) {
    if (row.state === "dead") {
      const why = `Incarnation ${incarnation} of ${nodeId} has been declared dead; join as a new one.`;
      turn.send(from, { tag: "region-refused", term, incarnation, code: "INCARNATION_DEAD", why });
      return;
    }
  } else {
    // A new life of the same node: whoever holds its lease has already replaced the old life's row, and
    // the commit checks that.
    if (row !== undefined && row.state !== "dead") loseNode(turn, row, "superseded", -1);
    for (const group of groups) createGroup(turn, group);
    turn.emit({ ...cleanInfo(info), ...from, type: "node-joined" });
    turn.rebalanceDue = true;
    turn.allocationDue = true;
  }
  turn.send(from, { tag: "region-registered", term, incarnation, seq: turn.cluster.seq });
}

function cleanInfo(info: NodeInfo): NodeInfo {
  const labels = Object.entries(info.labels).map(([k, v]) => [cleanText(k, 100), cleanText(v)]);
  return {
    ...info,
    address: cleanText(info.address),
    zone: cleanText(info.zone),
    weight: info.weight >= 0 ? info.weight : 1,
    labels: Object.fromEntries(labels),
    ...(info.groups === undefined ? {} : { groups: info.groups }),
  };
}

function createGroup(turn: Turn, declaration: GroupDeclaration): void {
  if (turn.cluster.groups.has(declaration.group)) return;
  turn.emit({ ...declaration, type: "group-created" });
}

/** The lease of this life has ended: its shards get new homes in the same commit. */
export function loseNode(turn: Turn, node: NodeRef, proof: DeathProof, renewals: number): void {
  const row = turn.member(node);
  if (row === null) return;
  // A later life has no counter of this one to compare. A lease row that still names this life refutes
  // the death then: what was seen of the row may be older than the life itself.
  turn.declareDead(node, proof, proof === "superseded" ? -1 : renewals);
  turn.rebalanceDue = true;
  const orphans: ShardRef[] = [];
  for (const [group, rows] of turn.cluster.shards) {
    rows.forEach((shardRow, shard) => {
      const ref = { group, shard };
      if (leaveNode(turn, ref, shardRow, node, "death")) orphans.push(ref);
    });
  }
  rehome(turn, orphans, "death");
}

export type LossCause = Extract<AssignCause, "death" | "eviction" | "given-up">;

/** @returns whether the shard lost its home. */
export function leaveNode(
  turn: Turn,
  ref: ShardRef,
  row: ShardRow,
  node: NodeRef,
  cause: LossCause,
): boolean {
  if (row.state === "unallocated") return false;
  if (row.state === "handing-off" && sameNode(row.handoff.to, node)) {
    abortHandoff(turn, ref, `its target ${node.nodeId} is dead`);
    return false;
  }
  if (!sameNode(row.owner, node)) return false;
  if (row.pinned) turn.emit({ type: "shard-unpinned", ...ref });
  // The target went before anybody knew that it served: the source still has the frozen state.
  const source = row.state === "starting" ? row.carried : null;
  if (source !== null && turn.keepsState(source.from)) {
    turn.assign(ref, source.from, cause, source);
    return false;
  }
  return true;
}

/** @param from a home that lives and gave them up. */
export function rehome(
  turn: Turn,
  orphans: readonly ShardRef[],
  cause: LossCause,
  from?: NodeId,
): void {
  for (const [group, shards] of byGroup(orphans)) {
    const candidates = turn.settling ? [] : elsewhere(turn, group, from);
    if (candidates.length === 0) {
      for (const ref of shards) {
        const { epoch } = turn.cluster.row(ref);
        const why = turn.settling ? "waits for nodes on their way" : "no node can take it";
        turn.emit({ type: "shard-vacated", ...ref, epoch, why });
        turn.track(ref);
        turn.allocationDue = true;
      }
      continue;
    }
    const homes = turn.strategy(group).place(turn.balance.weighed(shards), candidates);
    for (const [i, ref] of shards.entries()) turn.assign(ref, homes[i] as NodeRef, cause, null);
  }
}

/** Other nodes than this one, or this one where there is no other. */
function elsewhere(turn: Turn, group: string, from?: NodeId): readonly Candidate[] {
  const others = turn.candidates(group, from);
  return others.length > 0 ? others : turn.candidates(group);
}

/** First homes for shards that have none. */
export function allocate(turn: Turn): void {
  if (!turn.allocationDue || (turn.settling && !hasSettled(turn))) return;
  turn.settling = false;
  if (turn.rebuild !== null) assignClaimed(turn, turn.rebuild);
  turn.rebuild = null;
  turn.allocationDue = false;
  for (const [group, rows] of turn.cluster.shards) {
    const homeless: ShardRef[] = [];
    rows.forEach((row, shard) => {
      if (row.state === "unallocated") homeless.push({ group, shard });
    });
    if (homeless.length === 0) continue;
    const candidates = turn.candidates(group);
    if (candidates.length === 0) {
      turn.allocationDue = true;
      continue;
    }
    const homes = turn.strategy(group).place(homeless, candidates);
    for (const [i, ref] of homeless.entries()) {
      turn.assign(ref, homes[i] as NodeRef, "allocated", null);
    }
  }
}

/** Everybody who holds a lease has registered, or we have waited long enough. */
function hasSettled(turn: Turn): boolean {
  const waitedMs = turn.nowMs - turn.electedAtMs;
  if (turn.rebuild !== null && !hasHeardAll(turn, turn.rebuild)) return false;
  if (waitedMs < (turn.options.rebuildAfterMs ?? 0)) return false;
  if (waitedMs >= turn.options.settleMaxMs) return true;
  const rows: ReadonlyMap<string, NodeRow> = turn.cluster.nodes;
  return (
    waitedMs >= turn.options.settleMinMs &&
    turn.alive.every((node) => rows.get(node.nodeId)?.incarnation === node.incarnation)
  );
}

function byGroup(refs: readonly ShardRef[]): ReadonlyMap<string, readonly ShardRef[]> {
  return Map.groupBy(refs, (ref) => ref.group);
}
