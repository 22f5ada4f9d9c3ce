import { beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../adapters/memory/manual-clock.ts";
import type { NodeRef, ShardRef } from "../../core/ids.ts";
import type { Transport } from "../../ports/transport.ts";
import { EventHints } from "./event-hints.ts";

const life = (nodeId: string, n = 1): NodeRef => ({ nodeId, incarnation: `${nodeId}-${n}` });
const shard = (n: number): ShardRef => ({ group: "default", shard: n });
const follow = { tag: "follow-events" } as const;

describe("hints", () => {
  let clock: ManualClock;
  let sent: (readonly [string, unknown])[];
  let peers: NodeRef[];
  let isFollowing: boolean;
  let moved: number[];
  let peer: (node: NodeRef, state: "up" | "down") => void;
  let hints: EventHints;

  beforeEach(() => {
    clock = new ManualClock();
    sent = [];
    peers = [life("b"), life("c")];
    isFollowing = false;
    moved = [];
    const transport = {
      send: (to: string, _channel: string, message: unknown) => sent.push([to, message]),
      connected: () => peers,
      onPeer: (fn: typeof peer) => {
        peer = fn;
        return () => undefined;
      },
    } as unknown as Transport;
    hints = new EventHints({
      ...{ transport, clock, isFollowing: () => isFollowing },
      moved: (shards) => moved.push(...shards.map((one) => one.shard)),
      isShard: ({ group, shard: n }) => group === "default" && n < 16,
    });
  });

  const told = (...shards: number[]) => ({ tag: "events-stored", shards: shards.map(shard) });

  test("while nobody follows nothing is sent, and nobody is woken", () => {
    for (let n = 0; n < 10; n += 1) hints.stored(shard(n));
    clock.advance(60_000);
    expect(sent).toEqual([]);
    expect(moved).toEqual([]);
  });

  test("a node that follows says so to everybody, again and again, and to whoever comes later", () => {
    isFollowing = true;
    hints.begin();
    expect(sent).toEqual([
      ["b", follow],
      ["c", follow],
    ]);
    clock.advance(5_000);
    expect(sent).toHaveLength(4);
    peer(life("d"), "up");
    expect(sent.at(-1)).toEqual(["d", follow]);
    isFollowing = false;
    clock.advance(60_000);
    peer(life("e"), "up");
    expect(sent).toHaveLength(5);
  });

  test("what is stored within 10 ms is one message to each follower, each shard once", () => {
    hints.receive(life("b"), follow);
    for (const n of [3, 4, 3]) hints.stored(shard(n));
    expect(sent).toEqual([]);
    clock.advance(10);
    hints.stored(shard(5));
    clock.advance(1_000);
    expect(sent).toEqual([
      ["b", told(3, 4)],
      ["b", told(5)],
    ]);
  });

  test("a follower's word holds for ten seconds from the last time that it was said", () => {
    hints.receive(life("b"), follow);
    hints.receive(life("c"), follow);
    clock.advance(9_000);
    hints.receive(life("b"), follow);
    clock.advance(2_000);
    hints.stored(shard(1));
    clock.advance(10);
    expect(sent).toEqual([["b", told(1)]]);
  });

  test("a follower whose link is down is forgotten until it says it again", () => {
    hints.receive(life("b"), follow);
    peer(life("b"), "down");
    hints.stored(shard(1));
    clock.advance(10);
    expect(sent).toEqual([]);
    hints.receive(life("b", 2), follow);
    hints.stored(shard(1));
    clock.advance(10);
    expect(sent).toEqual([["b", told(1)]]);
  });

  test("more shards than a message has go with the next one", () => {
    hints.receive(life("b"), follow);
    for (let n = 0; n < 1_500; n += 1) hints.stored(shard(n));
    clock.advance(10);
    clock.advance(10);
    const counts = sent.map(([, message]) => (message as { shards: unknown[] }).shards.length);
    expect(counts).toEqual([1_000, 500]);
  });

  test("what another node has stored wakes those who follow here, as often as it is said", () => {
    hints.receive(life("b"), { tag: "events-stored", shards: [shard(1)] });
    expect(moved).toEqual([]);
    isFollowing = true;
    for (let n = 0; n < 2; n += 1) {
      hints.receive(life("b"), { tag: "events-stored", shards: [shard(1), shard(2)] });
    }
    hints.stored(shard(3));
    expect(moved).toEqual([1, 2, 1, 2, 3]);
  });

  test("shards that the cluster does not have are nothing to look at", () => {
    isFollowing = true;
    const shards = [shard(99), { group: "nowhere", shard: 1 }, shard(7)];
    hints.receive(life("stranger"), { tag: "events-stored", shards });
    const many = Array.from({ length: 5_000 }, () => shard(1));
    hints.receive(life("stranger"), { tag: "events-stored", shards: many });
    expect(moved).toHaveLength(1_001);
    expect(moved[0]).toBe(7);
  });
});
