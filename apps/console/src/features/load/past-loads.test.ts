import { expect, test } from "vitest";
import { stepMs, stepOf, steps } from "../../live/series.ts";
import { observation } from "../../testing/factories.ts";
import type { HeardNode, Keyframe, Pos, Reel, TapeEntry } from "../../wire/tape.ts";
import { loadView } from "./load.model.ts";
import { readLoads } from "./past-loads.ts";

const secondMs = 1000;

function heard(pos: Pos, requestsPerSecond: number, hot?: HeardNode["hot"]): TapeEntry {
  const { load } = observation("node-1", []).belief;
  const node = { nodeId: "node-1", ageMs: 0, seq: 1, leaseLeftMs: 1, postgresOkMsAgo: 0 };
  const said = {
    ...node,
    load: { ...load, requestsPerSecond },
    ...(hot === undefined ? {} : { hot }),
  };
  return { tag: "heard", pos, atMs: pos * secondMs, nodes: [said] };
}

/** A reel of one node that is heard every second: the position is the second. */
const reelOf = (first: Pos, end: Pos, entries: readonly TapeEntry[]): Reel => ({
  keyframe: { pos: first, atMs: first * secondMs } as Keyframe,
  entries,
  nextPos: end,
});

const seconds = (first: Pos, end: Pos, rate: (pos: Pos) => number): TapeEntry[] =>
  Array.from({ length: end - first - 1 }, (_, at) => heard(first + 1 + at, rate(first + 1 + at)));

function tapeOf(...kept: readonly Reel[]) {
  const asked: Pos[] = [];
  return {
    asked,
    find: async (pos: Pos) => {
      asked.push(pos);
      const { keyframe, ...rest } =
        kept.find((it) => pos >= it.keyframe.pos && pos < (it.nextPos ?? 0)) ?? {};
      return {
        ok: true,
        body: keyframe === undefined ? null : ({ keyframe, ...rest } as Reel),
      } as const;
    },
  };
}

async function viewAt(tape: ReturnType<typeof tapeOf>, pos: Pos) {
  const outcome = await readLoads(tape, { pos, atMs: pos * secondMs });
  if (!outcome.ok) throw new Error(outcome.problem.title);
  const { loads, fromMs } = outcome.body;
  return { fromMs, ...loadView(loads, stepOf(pos * secondMs)) };
}

test("the load before a moment is read back over reels, and nothing that came after it", async () => {
  const tape = tapeOf(
    reelOf(
      1000,
      1200,
      seconds(1000, 1200, () => 10),
    ),
    reelOf(
      1200,
      2000,
      seconds(1200, 2000, (pos) => (pos <= 1400 ? 20 : 99)),
    ),
  );
  const { nodes, total, fromMs } = await viewAt(tape, 1400);
  expect(nodes.map((it) => [it.nodeId, it.now])).toEqual([["node-1", 20]]);
  expect(Math.max(...total)).toBe(20);
  expect(total[0], "five minutes ago").toBe(10);
  expect(fromMs).toBe(1400 * secondMs - steps * stepMs);
  expect(tape.asked).toEqual([1400, 1199]);
});

test("what was not recorded is a gap, and the page knows from when on it was", async () => {
  const { total, fromMs } = await viewAt(
    tapeOf(
      reelOf(
        1000,
        1200,
        seconds(1000, 1200, () => 10),
      ),
    ),
    1100,
  );
  expect(fromMs).toBe(1000 * secondMs);
  expect(total[0]).toBeNaN();
  expect(total.at(-1)).toBe(10);
});

test("a shard that was named hot stays so until its node names shards again", async () => {
  const hot = [{ group: "default", shard: 7, requestsPerSecond: 5, busyMs: null }];
  const entries = seconds(1000, 1100, () => 10).map((it) =>
    it.pos === 1050 ? heard(1050, 10, hot) : it,
  );
  const tape = tapeOf(reelOf(1000, 1100, entries));
  const [now] = (await viewAt(tape, 1059)).shards;
  expect([now?.key, now?.now, now?.share]).toEqual(["default/7", 5, 0.5]);
  const [later] = (await viewAt(tape, 1080)).shards;
  expect([later?.key, later?.now]).toEqual(["default/7", null]);
});

test("a busy tape is not read back for ever", async () => {
  const kept = Array.from({ length: 40 }, (_, at) => reelOf(1000 + at, 1001 + at, []));
  const tape = tapeOf(...kept);
  await viewAt(tape, 1039);
  expect(tape.asked).toHaveLength(6);
});
