import { toClusterJson } from "@leasehold/sharding/observe";
import { afterEach, expect, test, vi } from "vitest";
import { ClusterMirror } from "../live/mirror.ts";
import { smallCluster } from "../testing/factories.ts";
import type { Keyframe } from "../wire/tape.ts";
import { compactKeyframe } from "./compact.ts";
import { keyframeOf } from "./keyframe.ts";
import { Reels } from "./reels.ts";

afterEach(() => vi.unstubAllGlobals());

/** A console that answers when told to; counts what it is asked. */
function stubConsole(status = 200) {
  const mirror = new ClusterMirror();
  mirror.applySnapshot({ cluster: toClusterJson(smallCluster()), recent: [] }, 1_000);
  const keyframe = compactKeyframe(keyframeOf(mirror, 10, 1_000) as Keyframe);
  const reel = { keyframe, entries: [{ tag: "tick", pos: 11, atMs: 2_000 }], nextPos: 12 };
  const problem = { title: "No.", status, code: "NO", detail: "Not now." };
  const gate = Promise.withResolvers<void>();
  const fetched = vi.fn(async () => {
    await gate.promise;
    return Response.json(status === 200 ? reel : problem, { status });
  });
  vi.stubGlobal("fetch", fetched);
  return { fetched, answer: gate.resolve };
}

test("who asks for what is being read ahead waits for it, and nothing is read twice", async () => {
  const { fetched, answer } = stubConsole();
  const reels = new Reels();
  void reels.readAhead({ atMs: 1_500 });
  void reels.readAhead({ atMs: 1_600 });
  const asked = reels.at({ pos: 11 });
  answer();
  expect(await asked).toMatchObject({ ok: true, body: { nextPos: 12 } });
  void reels.readAhead({ atMs: 1_700 });
  expect(reels.peek({ atMs: 1_700 })).not.toBeNull();
  expect(fetched).toHaveBeenCalledTimes(1);
});

test("what is at hand does not wait for what is read ahead", async () => {
  const first = stubConsole();
  const reels = new Reels();
  first.answer();
  await reels.at({ pos: 11 });
  const { fetched } = stubConsole();
  void reels.readAhead({ pos: 99 });
  expect(fetched).toHaveBeenCalledTimes(1);
  expect(await reels.at({ pos: 11 })).toMatchObject({ ok: true });
});

test("what could not be read ahead is asked for again, and its problem is told then", async () => {
  const { fetched, answer } = stubConsole(503);
  const reels = new Reels();
  void reels.readAhead({ atMs: 1_500 });
  answer();
  expect(await reels.at({ atMs: 1_500 })).toMatchObject({ ok: false, problem: { code: "NO" } });
  expect(fetched).toHaveBeenCalledTimes(2);
});
