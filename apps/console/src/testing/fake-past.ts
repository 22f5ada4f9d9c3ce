import {
  type ClusterEvent,
  findShard,
  type NodeRef,
  ownerOf,
  type ShardRef,
} from "@leasehold/sharding/observe";
import type { FakeAuthority } from "./fake-cluster.ts";

/** Prime, so that one shard after the other has its turn, far apart on a map. */
export const shardStride = 7919;

/**
 * A past, as fast as the reducer goes: handoffs that are over, one entry a millisecond from `startMs`.
 * At least `count` entries, at most two more, behind the one with which every shard is hosted.
 */
export function inventPast(authority: FakeAuthority, startMs: number, count: number): void {
  const { shards } = authority.options;
  const nodes = authority.candidates();
  const refs = Array.from({ length: shards }, (_, shard) => ({ group: "default", shard }));
  authority.commitAt(
    refs.flatMap((ref) => hosting(authority, ref)),
    startMs,
    0,
  );
  // A shard has one turn in a batch at most: what happens to it is read from the state before.
  const perBatch = Math.min(1000, shards);
  let turn = 0;
  for (let made = 0; made < count; ) {
    const events: ClusterEvent[] = [];
    for (let it = 0; it < perBatch && made + events.length < count; it++, turn++) {
      const ref = { group: "default", shard: (turn * shardStride) % shards };
      events.push(...handoff(authority, ref, otherHome(authority, ref, nodes, turn), turn));
    }
    authority.commitAt(events, startMs + made, 1);
    made += events.length;
  }
}

/** The next in turn that is not its home already. */
export function otherHome(
  authority: FakeAuthority,
  ref: ShardRef,
  nodes: readonly NodeRef[],
  turn: number,
): NodeRef {
  const row = findShard(authority.state, ref);
  const owner = row === undefined ? null : ownerOf(row);
  const others = nodes.filter((it) => it.nodeId !== owner?.nodeId);
  const to = others[turn % others.length];
  if (to === undefined) throw new Error("Handoffs need two nodes.");
  return { nodeId: to.nodeId, incarnation: to.incarnation };
}

export function handoffBegan(
  authority: FakeAuthority,
  ref: ShardRef,
  to: NodeRef,
  turn: number,
): ClusterEvent[] {
  const row = findShard(authority.state, ref);
  if (row?.state !== "hosted") return [];
  const { epoch, owner } = row;
  const handoffId = `h_s${turn}_${ref.shard}`;
  return [
    { type: "handoff-began", ...ref, handoffId, nodeId: owner.nodeId, epoch, to, planId: null },
  ];
}

function handoff(
  authority: FakeAuthority,
  ref: ShardRef,
  to: NodeRef,
  turn: number,
): ClusterEvent[] {
  const epoch = (findShard(authority.state, ref)?.epoch ?? 0) + 1;
  return [
    ...handoffBegan(authority, ref, to, turn),
    authority.assignment(ref, to, "handoff"),
    { type: "shard-hosted", ...ref, ...to, epoch },
  ];
}

function hosting(authority: FakeAuthority, ref: ShardRef): ClusterEvent[] {
  const row = findShard(authority.state, ref);
  return row?.state === "starting"
    ? [{ type: "shard-hosted", ...ref, ...row.owner, epoch: row.epoch }]
    : [];
}
