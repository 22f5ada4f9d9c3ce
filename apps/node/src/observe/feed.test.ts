import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createFakeFaults } from "../testing/fake-faults.ts";
import { FakeNode } from "../testing/fake-node.ts";
import { createFeed, type Feed, type Follower } from "./feed.ts";

const node = new FakeNode();
const faults = createFakeFaults();
const follower: Follower = { onShards: vi.fn(), onLog: vi.fn(), onBelief: vi.fn() };
let feed: Feed;

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  feed = createFeed(node, faults);
  feed.follow(follower);
});
afterEach(() => {
  feed.close();
  vi.useRealTimers();
});

test("a fault is told before the call returns: it may be the one that stops this process", async () => {
  await faults.set({ kind: "pause", ttlMs: 1000 }, Promise.resolve());
  feed.touch();
  const [belief] = vi.mocked(follower.onBelief).mock.lastCall ?? [];
  expect(belief?.faults).toMatchObject([{ kind: "pause" }]);
});

test("a lost lease is told within a quarter of a second, and once", () => {
  vi.advanceTimersByTime(1);
  node.leaseState = "reconnecting";
  vi.advanceTimersByTime(250);
  expect(follower.onBelief).toHaveBeenCalledTimes(1);
  const lease = expect.objectContaining({ state: "reconnecting" });
  expect(follower.onBelief).toHaveBeenCalledWith(expect.objectContaining({ lease }), null);
  vi.advanceTimersByTime(500);
  expect(follower.onBelief).toHaveBeenCalledTimes(1);
});

test("a renewal that is late is told long before the lease is lost", () => {
  node.leaseState = "held";
  vi.advanceTimersByTime(150);
  vi.clearAllMocks();
  node.leaseLeftMs = 3000;
  vi.advanceTimersByTime(150);
  const lease = { state: "held", leftMs: 3000 };
  expect(follower.onBelief).toHaveBeenCalledWith(expect.objectContaining({ lease }), null);
  node.leaseLeftMs = 4200;
});

test("what is hot is asked once a second, and only while somebody observes", () => {
  node.hot = [{ group: "default", shard: 3, requestsPerSecond: 40, busyMs: null }];
  node.hotAsked = 0;
  vi.advanceTimersByTime(3_000);
  expect(node.hotAsked).toBe(3);
  expect(follower.onBelief).toHaveBeenLastCalledWith(expect.anything(), node.hot);
  feed.touch();
  expect(follower.onBelief).toHaveBeenLastCalledWith(expect.anything(), null);
  expect(node.hotAsked).toBe(3);

  const alone = createFeed(node, null);
  feed.close();
  vi.advanceTimersByTime(3_000);
  expect(node.hotAsked).toBe(3);
  alone.close();
});
