import {
  type ClusterState,
  type LogEntry,
  type ShardBelief,
  type ShardRef,
  toClusterJson,
} from "@leasehold/sharding/observe";
import { ClusterMirror } from "../live/mirror.ts";
import { keyframeOf } from "../tape/keyframe.ts";
import { packKeyframe, packSegment } from "../tape/pack.ts";
import { TapeHead } from "../tape/tape-head.ts";
import type { TapeTable } from "../tape/tape-table.ts";
import type { NodeObservation } from "../wire/relay-frames.ts";
import { beliefOf } from "./factories.ts";
import type { FakeAuthority } from "./fake-cluster.ts";
import { inventPast } from "./fake-past.ts";

const secondMs = 1000;
/** As the relay hands them on. */
const batchEntries = 50;

/**
 * A recording of an invented past: entries of the log one a millisecond, and each node heard once a second, as a
 * recorder would have written it.
 *
 * @returns how many entries of the log it has, and where it begins and ends.
 */
export async function inventTape(
  authority: FakeAuthority,
  table: TapeTable,
  events: number,
  startMs: number,
): Promise<{ readonly events: number; readonly firstPos: number; readonly lastPos: number }> {
  inventPast(authority, startMs, 0);
  const beliefs = new Beliefs();
  const mirror = new ClusterMirror();
  mirror.applySnapshot({ cluster: toClusterJson(authority.state), recent: [] }, startMs);
  mirror.applyBeliefs(beliefs.whole(authority.state), startMs);
  const keyframe = keyframeOf(mirror, startMs, startMs);
  if (keyframe === null) throw new Error("The invented cluster has no state.");
  await table.begin(await packKeyframe(keyframe));
  const head = new TapeHead(keyframe, null);
  const from = authority.entries.length;
  inventPast(authority, startMs, events);
  const past = authority.entries.slice(from);
  for (let at = 0; at < past.length; at += secondMs) {
    const second = past.slice(at, at + secondMs);
    noteSecond(head, second, startMs + at);
    const endMs = startMs + at + secondMs - 1;
    const state = head.replay.mirror.cluster;
    for (const it of state === null ? [] : beliefs.after(second, state)) head.hear(it, endMs);
    await write(head, table, endMs);
  }
  return { events: past.length, firstPos: keyframe.pos, lastPos: head.pos };
}

function noteSecond(head: TapeHead, second: readonly LogEntry[], startMs: number): void {
  for (let at = 0; at < second.length; at += batchEntries) {
    const entries = second.slice(at, at + batchEntries);
    head.note(
      entries.map((entry) => ({ tag: "log", entry })),
      startMs + at,
    );
  }
}

async function write(head: TapeHead, table: TapeTable, nowMs: number): Promise<void> {
  const segment = head.cut(nowMs);
  if (segment === null) return;
  const next = segment.keyframe === null ? null : await packKeyframe(segment.keyframe);
  if (!(await table.append(await packSegment(segment), next))) {
    throw new Error("Somebody else writes the tape.");
  }
}

/** What the nodes say: that they serve what is theirs, and reach each other. */
class Beliefs {
  readonly #homes = new Map<number, string>();
  #peers: ReadonlyMap<string, Peers> = new Map();

  whole(state: ClusterState): NodeObservation[] {
    const lives = [...state.nodes.values()].map(({ nodeId, incarnation }) => ({
      nodeId,
      incarnation,
      connected: true,
    }));
    const others = (nodeId: string): Peers => lives.filter((it) => it.nodeId !== nodeId);
    this.#peers = new Map(lives.map(({ nodeId }) => [nodeId, others(nodeId)]));
    const rows = [...(state.shards.get("default") ?? []).keys()];
    return this.#said(state, rows, true);
  }

  after(entries: readonly LogEntry[], state: ClusterState): NodeObservation[] {
    const touched = new Set(entries.flatMap((it) => ("shard" in it ? [it.shard] : [])));
    return this.#said(state, [...touched], false);
  }

  #said(state: ClusterState, shards: readonly number[], whole: boolean): NodeObservation[] {
    const changed = new Map<string, ShardBelief[]>();
    const gone = new Map<string, ShardRef[]>();
    for (const shard of shards) {
      const row = state.shards.get("default")?.[shard];
      if (row?.state !== "hosted") continue;
      const before = this.#homes.get(shard);
      const { nodeId } = row.owner;
      this.#homes.set(shard, nodeId);
      const ref = { group: "default", shard };
      if (before !== undefined && before !== nodeId) append(gone, before, ref);
      append(changed, nodeId, { ...ref, epoch: row.epoch, serving: true, phase: "serving" });
    }
    return [...state.nodes.values()].map(({ nodeId, incarnation }) => {
      const { peers: _none, ...belief } = beliefOf(nodeId, { incarnation, seq: state.seq });
      const peers = this.#peers.get(nodeId) ?? [];
      const lists = { changed: changed.get(nodeId) ?? [], gone: gone.get(nodeId) ?? [] };
      return { nodeId, faultsOn: true, leaseTtlMs: 5000, belief, peers, ageMs: 0, whole, ...lists };
    });
  }
}

type Peers = NonNullable<NodeObservation["peers"]>;

function append<T>(lists: Map<string, T[]>, key: string, it: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [it]);
  else list.push(it);
}
