import { toClusterJson } from "@leasehold/sharding/observe";
import type { io } from "socket.io-client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { assigned, entriesOf, observation, serving, smallCluster } from "../testing/factories.ts";
import { relayProtocol } from "../wire/relay-frames.ts";
import { packSnapshot } from "../wire/snapshot.ts";
import { graceMs } from "./classify.ts";
import { staleAfterMs } from "./connection.ts";
import { findDivergence } from "./differences.ts";
import { LiveCluster } from "./live-cluster.ts";

const handlers = new Map<string, (frame?: unknown) => void>();
const open = (() => ({
  on: (event: string, handler: (frame?: unknown) => void) => handlers.set(event, handler),
  io: { on: () => undefined },
  close: () => undefined,
})) as unknown as typeof io;
const say = (event: string, frame?: unknown): void => handlers.get(event)?.(frame);

let live: LiveCluster;

beforeEach(() => {
  vi.useFakeTimers();
  live = new LiveCluster(open);
  live.start();
  say("connect");
  say("meta", { protocol: relayProtocol });
  const nodes = [
    observation("node-a", [serving(0), serving(2)]),
    observation("node-b", [serving(1), serving(3)]),
  ];
  say("snapshot", packSnapshot({ cluster: toClusterJson(smallCluster()), nodes }, []).frame);
  say("hb", { nowMs: performance.now(), lagMs: 0, seq: 12 });
});

afterEach(() => {
  live.stop();
  vi.useRealTimers();
});

/** What the top bar counts, and what the page of differences lists. */
function told() {
  const { summary, nowMs } = live.store.getState();
  if (summary === null) throw new Error("Nothing was published.");
  const { total, items } = findDivergence(live.mirror, summary.nodes, nowMs);
  return { counted: summary.divergence.total, listed: total, forMs: items.map((it) => it.forMs) };
}

test.each([
  ["paused", () => live.pause()],
  ["not told anything any more", () => undefined],
])("a page that is %s lists what it counts: its instant stands", (_, stop) => {
  say("log", { history: "h1", entries: entriesOf(13, assigned(0, "node-b", 2)) });
  stop();
  vi.advanceTimersByTime(staleAfterMs + 2 * graceMs);
  expect(told()).toEqual({ counted: 0, listed: 0, forMs: [] });
});

test("a snapshot of another version is left alone: what it means is not known", () => {
  const before = live.mirror.cluster;
  say("meta", { protocol: relayProtocol + 1 });
  say("snapshot", { columns: "of another kind" });
  expect(live.mirror.cluster).toBe(before);
});
