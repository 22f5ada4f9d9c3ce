import type { Belief, LogEntry, ShardRow } from "@leasehold/sharding/observe";
import { toClusterJson } from "@leasehold/sharding/observe";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ClusterMirror } from "../live/mirror.ts";
import { summarize } from "../live/summary.ts";
import {
  assigned,
  entriesOf,
  hostedEvent,
  nodeRef,
  observation,
  smallCluster,
} from "../testing/factories.ts";
import type { Keyframe, TapeEntry } from "../wire/tape.ts";
import { compactKeyframe, expandKeyframe } from "./compact.ts";
import { keyframeOf } from "./keyframe.ts";
import { Replay } from "./replay.ts";
import { TapeHead } from "./tape-head.ts";

const startMs = 1_800_000_000_000;
const nodes = ["node-a", "node-b"] as const;

/** What may happen: a shard gets its next home or is hosted there, a node says something, time passes. */
const happening = fc.record({
  what: fc.constantFrom("assign", "host", "believe", "beat", "cut", "fault"),
  shard: fc.nat(3),
  node: fc.constantFrom(...nodes),
  behind: fc.nat(1),
  serving: fc.boolean(),
  afterMs: fc.constantFrom(0, 3, 40, 400, 1700, 4000),
});

type Happening = Omit<ReturnType<typeof happening.generate>["value"], "afterMs"> & {
  readonly afterMs: number;
};

function firstFrame(): Keyframe {
  const mirror = new ClusterMirror();
  mirror.applySnapshot({ cluster: toClusterJson(smallCluster()), recent: [] }, startMs);
  mirror.applyBeliefs(
    nodes.map((it) => observation(it, [])),
    startMs,
  );
  return keyframeOf(mirror, 1000, startMs) as Keyframe;
}

/** Plays a story into a recording head. @returns the tape, and what the head itself showed after each step. */
function record(story: readonly Happening[]) {
  const frame = firstFrame();
  const head = new TapeHead(frame, null);
  const tape: TapeEntry[] = [];
  const shown = new Map<number, string>();
  const frames: Keyframe[] = [frame];
  let atMs = startMs;
  for (const it of story) {
    atMs += it.afterMs;
    tell(head, it, atMs);
    shown.set(head.pos, view(head.replay.mirror, head.replay.atMs));
    if (it.shard === 0) frames.push(head.keyframe(atMs) as Keyframe);
    tape.push(...(head.cut(atMs)?.entries ?? []));
    shown.set(head.pos, view(head.replay.mirror, head.replay.atMs));
  }
  return { tape, shown, frames };
}

function tell(head: TapeHead, it: Happening, atMs: number): void {
  const { cluster } = head.replay.mirror;
  const row = cluster?.shards.get("default")?.[it.shard] as ShardRow;
  const log = (...events: Parameters<typeof entriesOf>[1][]): void => {
    const entries: LogEntry[] = entriesOf((cluster?.seq ?? 0) + 1, ...events);
    head.note(
      entries.map((entry) => ({ tag: "log", entry })),
      atMs,
    );
  };
  if (it.what === "assign") log(assigned(it.shard, it.node, row.epoch + 1));
  else if (it.what === "host") {
    if (row.state !== "starting") return;
    log(hostedEvent(it.shard, row.owner.nodeId, row.epoch));
  } else {
    const epoch = Math.max(1, row.epoch - it.behind);
    const shards = [
      {
        group: "default",
        shard: it.shard,
        epoch,
        serving: it.serving,
        phase: "serving" as const,
      },
    ];
    const isBeat = it.what === "beat";
    const fault = { id: "f1", kind: "pause", detail: {}, expiresInMs: 5000 };
    const belief = {
      ...nodeRef(it.node),
      seq: cluster?.seq ?? 0,
      postgres: { reachable: it.what !== "cut", lastOkMsAgo: it.shard },
      faults: it.what === "fault" ? [fault] : [],
      peers: peersOf(it),
    };
    head.hear(observation(it.node, isBeat ? [] : shards, { belief, whole: false }), atMs);
  }
}

/** One to three of them, a life that ended among them, some cut. */
const peersOf = (it: Happening): Belief["peers"] =>
  [nodeRef("node-a"), nodeRef("node-b"), { nodeId: "node-a", incarnation: "an earlier life" }]
    .slice(it.behind)
    .map((ref, index) => ({ ...ref, connected: index !== it.shard }));

/** All that the pages get, and every belief. */
function view(mirror: ClusterMirror, atMs: number): string {
  const summary = summarize(mirror, atMs);
  const sights = [...mirror.sights].map(([id, it]) => [
    id,
    it,
    [...it.shards].sort(([a], [b]) => a - b),
  ]);
  return JSON.stringify(
    [summary, sights, [...(summary?.divergence.byClass ?? [])].sort()],
    null,
    1,
  );
}

/** In what order a node names its shards says nothing. */
const sorted = (frame: Keyframe): Keyframe => ({
  ...frame,
  nodes: frame.nodes.map((it) => ({
    ...it,
    changed: it.changed.toSorted((a, b) => a.shard - b.shard),
  })),
});

test("a moment is the same from the beginning, from any keyframe before it, and as it was recorded", () => {
  fc.assert(
    fc.property(fc.array(happening, { minLength: 1, maxLength: 40 }), (story) => {
      const { tape, shown, frames } = record(story);
      for (const from of frames) {
        const replay = new Replay();
        // As it is kept and sent.
        const sent = JSON.parse(JSON.stringify(compactKeyframe(from)));
        expect(sorted(expandKeyframe(sent))).toEqual(sorted(from));
        replay.restore(expandKeyframe(sent));
        for (const [pos, expected] of shown) {
          if (pos < from.pos) continue;
          replay.feed(tape, pos);
          expect(replay.pos).toBe(pos);
          expect(view(replay.mirror, replay.atMs)).toBe(expected);
        }
      }
    }),
    { numRuns: 200 },
  );
}, 60_000);

test("a recording from before peers were numbered is read as it is", () => {
  const frame = firstFrame();
  const compact = compactKeyframe(frame);
  const peers = [{ ...nodeRef("node-b"), connected: false }];
  const { lives: _none, ...rest } = compact;
  const old = { ...rest, nodes: compact.nodes.map((it) => ({ ...it, peers })) };
  expect(expandKeyframe(old).nodes.map((it) => it.peers)).toEqual([peers, peers]);
});

test("a keyframe that names nobody by a number is refused", () => {
  const compact = compactKeyframe(firstFrame());
  const strange = compact.nodes.map((it) => ({ ...it, peers: { named: [7], cut: [] } }));
  expect(() => expandKeyframe({ ...compact, nodes: strange })).toThrow(
    "Nobody is explained as peer 7.",
  );
});

test("fed in pieces of any size, a tape gives the same", () => {
  fc.assert(
    fc.property(
      fc.array(happening, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 7 }),
      (story, size) => {
        const { tape, shown, frames } = record(story);
        const replay = new Replay();
        replay.restore(frames[0] as Keyframe);
        for (let index = 0; index < tape.length; index += size) {
          replay.feed(tape.slice(index, index + size));
        }
        expect(view(replay.mirror, replay.atMs)).toBe([...shown.values()].at(-1));
      },
    ),
  );
}, 60_000);

test("a shard that goes and comes back in one instant differs since then, in pieces and at once", () => {
  const assign = (node: Happening["node"], afterMs: number): Happening => ({
    ...{ what: "assign", shard: 1, node, behind: 0, serving: false, afterMs },
  });
  const { tape, shown, frames } = record([
    assign("node-a", 400),
    assign("node-b", 1700),
    assign("node-a", 0),
  ]);
  const replay = new Replay();
  replay.restore(frames[0] as Keyframe);
  replay.feed(tape);
  expect(view(replay.mirror, replay.atMs)).toBe([...shown.values()].at(-1));
});

test("of two shards that are served twice the same one is named after a keyframe as before it", () => {
  const quiet = { node: "node-a", behind: 0, serving: false, afterMs: 0 } as const;
  const twice = { ...quiet, what: "believe", serving: true } as const;
  const { tape, shown, frames } = record([
    { ...twice, what: "fault", shard: 1, node: "node-b" },
    { ...quiet, what: "assign", shard: 1 },
    { ...quiet, what: "assign", shard: 2 },
    { ...twice, what: "fault", shard: 2, behind: 1 },
    { ...quiet, what: "assign", shard: 0 },
    { ...twice, shard: 2, node: "node-b", afterMs: 4000 },
    { ...twice, shard: 1 },
  ]);
  const replay = new Replay();
  replay.restore(frames[1] as Keyframe);
  replay.feed(tape);
  expect(view(replay.mirror, replay.atMs)).toBe([...shown.values()].at(-1));
});

test("seeking back and forth with one replay shows what a new one shows", () => {
  const story: Happening[] = Array.from({ length: 30 }, (_, index) => ({
    what: (["assign", "host", "believe", "beat", "cut"] as const)[index % 5] ?? "beat",
    shard: index % 4,
    node: nodes[index % 2] ?? "node-a",
    behind: index % 2,
    serving: index % 3 === 0,
    afterMs: index * 50,
  }));
  const { tape, shown, frames } = record(story);
  const replay = new Replay();
  for (const pos of [...shown.keys()].toSorted((a, b) => ((a * 7) % 31) - ((b * 7) % 31))) {
    replay.restore(frames[0] as Keyframe);
    replay.feed(tape, pos);
    expect(view(replay.mirror, replay.atMs)).toBe(shown.get(pos));
  }
});
