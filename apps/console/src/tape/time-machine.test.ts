import { toClusterJson } from "@leasehold/sharding/observe";
import { afterEach, expect, test, vi } from "vitest";
import { ClusterMirror } from "../live/mirror.ts";
import { assigned, entriesOf, smallCluster } from "../testing/factories.ts";
import type { Keyframe, Reel, TapeEntry } from "../wire/tape.ts";
import { keyframeOf } from "./keyframe.ts";
import { Reels } from "./reels.ts";
import { Replay } from "./replay.ts";
import { TimeMachine } from "./time-machine.ts";

afterEach(() => vi.restoreAllMocks());

/** Shard 0 moves ten times, at the positions 11 to 20; another reel begins at 21. */
function recorded(): readonly Reel[] {
  const mirror = new ClusterMirror();
  const cluster = smallCluster();
  mirror.applySnapshot({ cluster: toClusterJson(cluster), recent: [] }, 1_000);
  const moves = Array.from({ length: 10 }, (_, it) =>
    assigned(0, it % 2 === 0 ? "node-b" : "node-a", 2 + it),
  );
  const entries = entriesOf(cluster.seq + 1, ...moves).map(
    (entry, it): TapeEntry => ({ tag: "log", entry, pos: 11 + it, atMs: 2_000 + it }),
  );
  const reelAt = (pos: number, nextPos: number | null, its: readonly TapeEntry[]): Reel => ({
    keyframe: keyframeOf(mirror, pos, 1_000) as Keyframe,
    entries: its,
    nextPos,
  });
  const first = reelAt(10, 21, entries);
  mirror.applyLog(cluster.history, entriesOf(cluster.seq + 1, ...moves), 2_010);
  return [first, reelAt(21, null, [{ tag: "tick", pos: 22, atMs: 2_300 }])];
}

function machine() {
  const reels = new Reels();
  const found = recorded();
  const of = (pos: number): Reel => found.findLast((it) => it.keyframe.pos <= pos) as Reel;
  const reelOf = (at: { readonly pos?: number }): Reel => of(at.pos ?? 0);
  vi.spyOn(reels, "peek").mockImplementation((at) => reelOf(at as { pos: number }));
  vi.spyOn(reels, "at").mockImplementation(async (at) => ({
    ok: true,
    body: reelOf(at as { pos: number }),
  }));
  const shown: { mirror: ClusterMirror | null } = { mirror: null };
  const live = {
    showPast: (mirror: ClusterMirror) => {
      shown.mirror = mirror;
    },
    showPresent: () => undefined,
  };
  const restored = vi.spyOn(Replay.prototype, "restore");
  return { machine: new TimeMachine(live, reels), shown, restored };
}

const epochIn = (mirror: ClusterMirror | null) => mirror?.rowOf(0)?.epoch;

test("what a hand rested on is shown without being replayed again, also beside another moment", async () => {
  const { machine: it, shown, restored } = machine();
  it.expect({ pos: 13 });
  await vi.waitFor(() => expect(restored).toHaveBeenCalledTimes(1));
  await it.goTo(13);
  expect([epochIn(shown.mirror), restored.mock.calls.length]).toEqual([4, 1]);

  it.expect({ pos: 22 });
  await vi.waitFor(() => expect(restored).toHaveBeenCalledTimes(2));
  expect(epochIn(shown.mirror), "a hand that rests changes nothing").toBe(4);
  await it.goTo(22);
  expect([epochIn(shown.mirror), restored.mock.calls.length]).toEqual([11, 2]);
});

test("where it presses elsewhere after all, that is shown", async () => {
  const { machine: it, shown, restored } = machine();
  it.expect({ pos: 18 });
  await vi.waitFor(() => expect(restored).toHaveBeenCalledTimes(1));
  await it.goTo(12);
  expect(epochIn(shown.mirror)).toBe(3);
  await it.goTo(20);
  expect(epochIn(shown.mirror)).toBe(11);
  await it.goTo(11);
  expect(epochIn(shown.mirror)).toBe(2);
});

test("who has pressed meanwhile is shown that, and nothing more is prepared", async () => {
  const { machine: it, shown, restored } = machine();
  it.expect({ pos: 22 });
  await it.goTo(12);
  await new Promise(setImmediate);
  expect([epochIn(shown.mirror), restored.mock.calls.length]).toEqual([3, 1]);
});
