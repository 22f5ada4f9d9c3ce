import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ManualClock } from "../../adapters/memory/manual-clock.ts";
import { MemoryPostgres } from "../../adapters/memory/memory-postgres.ts";
import { StoreUnavailableError } from "../../errors.ts";
import type { EventFeed } from "../../ports/event-feed.ts";
import type { Journal } from "../../ports/journal.ts";
import { FeedWatch } from "./feed-watch.ts";
import { VersionCache } from "./version-cache.ts";

const group = "default";
const head = (shard: number) => ({ group, shard, epoch: 1, incarnation: "life-a" });
const entity = (id: string, shard = 0, namespace = "default") => ({
  ...{ group, shard, namespace, type: "tally", id },
});

let clock: ManualClock;
let server: MemoryPostgres;
let journal: Journal;
let feed: EventFeed;
let watch: FeedWatch;
let cache: VersionCache;

beforeEach(async () => {
  clock = new ManualClock();
  server = new MemoryPostgres({ clock });
  journal = server.journal();
  feed = server.feed();
  watch = new FeedWatch({ feed, clock, began: () => undefined });
  cache = new VersionCache({ feed, clock, watch });
  await journal.claim({ nodeId: "a", incarnation: "life-a" }, [0, 1].map(head));
});

afterEach(() => cache.close());

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const pass = async (ms: number) => {
  for (let passed = 0; passed < ms; passed += 100) {
    clock.advance(100);
    await settle();
  }
};
const store = async (id: string, version: number, count = 1, shard = 0) => {
  const events = Array.from({ length: count }, () => ({ type: "added", data: 1 }));
  const append = { ...entity(id, shard), ...head(shard), version, events, outcome: null };
  await journal.append({ ...append, commandId: randomUUID(), isRemoval: false, timers: null });
};
/** As the node that appended says it. */
const hint = async (shard = 0) => {
  watch.moved([{ group, shard }]);
  await settle();
};

test("is read once, and then kept current by the events that are stored", async () => {
  await store("a", 0, 3);
  expect(await cache.latest(entity("a"))).toBe(3);
  const latest = vi.spyOn(feed, "latest");
  await pass(100);
  for (let version = 3; version < 10; version += 1) {
    await store("a", version);
    await hint();
    expect(await cache.latest(entity("a"))).toBe(version + 1);
  }
  await pass(30_000);
  expect(await cache.latest(entity("a"))).toBe(10);
  expect(latest).not.toHaveBeenCalled();
});

test("is 0 before the first event, and its own in each namespace", async () => {
  expect(await cache.latest(entity("a"))).toBe(0);
  await store("a", 0);
  await hint();
  expect(await cache.latest(entity("a"))).toBe(1);
  expect(await cache.latest(entity("a", 0, "other"))).toBe(0);
});

test("is right within two seconds after hints that were missed", async () => {
  await cache.latest(entity("a"));
  await pass(100);
  await store("a", 0, 5);
  expect(await cache.latest(entity("a"))).toBe(0);
  await pass(1_100);
  expect(await cache.latest(entity("a"))).toBe(5);
});

test("is never below what a command was answered with, nor below itself", async () => {
  await cache.latest(entity("a"));
  await store("a", 0, 5);
  cache.heard(entity("a"), 4);
  expect(await cache.latest(entity("a"))).toBe(4);
  cache.heard(entity("a"), 2);
  expect(await cache.latest(entity("a"))).toBe(4);
  await pass(1_100);
  expect(await cache.latest(entity("a"))).toBe(5);
});

test("is not told when it is older than two seconds: Postgres is asked, and says that it is away", async () => {
  await store("a", 0);
  expect(await cache.latest(entity("a"))).toBe(1);
  await pass(100);
  server.stop();
  await pass(1_000);
  expect(await cache.latest(entity("a"))).toBe(1);
  await pass(1_500);
  await expect(cache.latest(entity("a"))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  server.start();
  await store("a", 1);
  expect(await cache.latest(entity("a"))).toBe(2);
});

test("is read where a look has found more than could be read since", async () => {
  await store("a", 0);
  expect(await cache.latest(entity("a"))).toBe(1);
  await pass(1_100);
  vi.spyOn(feed, "read").mockRejectedValue(new StoreUnavailableError("Busy."));
  await store("a", 1);
  await pass(2_500);
  expect(await cache.latest(entity("a"))).toBe(2);
});

test("what is stored while it is read is not missed, also of two entities at once", async () => {
  await store("a", 0);
  const read = feed.latest.bind(feed);
  const waiting: (() => void)[] = [];
  const held = () => new Promise<void>((resolve) => waiting.push(resolve));
  vi.spyOn(feed, "latest").mockImplementation(async (asked) => {
    const answer = await read(asked);
    if (asked.id === "a") await held();
    return answer;
  });
  // The first has read, and hears its answer last; the second begins to follow the shard further up.
  const first = cache.latest(entity("a"));
  await settle();
  await store("a", 1);
  await store("b", 0);
  expect(await cache.latest(entity("b"))).toBe(1);
  waiting.shift()?.();
  await settle();
  waiting.shift()?.();
  expect(await first).toBe(2);
  await pass(1_100);
  expect(await cache.latest(entity("a"))).toBe(2);
});

test("is kept of 10,000 entities, and whoever was not asked for longest is read again", async () => {
  await store("e0", 0);
  for (let n = 0; n <= 10_000; n += 1) await cache.latest(entity(`e${n}`));
  const latest = vi.spyOn(feed, "latest");
  await cache.latest(entity("e10000"));
  expect(latest).not.toHaveBeenCalled();
  expect(await cache.latest(entity("e0"))).toBe(1);
  expect(latest).toHaveBeenCalledOnce();
});

test("nothing is followed any more when nobody has asked for a minute", async () => {
  await cache.latest(entity("a"));
  expect(watch.isWatching).toBe(true);
  await pass(62_000);
  expect(watch.isWatching).toBe(false);
  const ends = vi.spyOn(feed, "ends");
  await pass(10_000);
  expect(ends).not.toHaveBeenCalled();
  await store("a", 0);
  expect(await cache.latest(entity("a"))).toBe(1);
});

test("is what the journal says after a failover that lost commits", async () => {
  const takeOver = server.lagBehind();
  await store("a", 0, 3);
  expect(await cache.latest(entity("a"))).toBe(3);
  takeOver();
  await pass(1_100);
  expect(await cache.latest(entity("a"))).toBe(0);
});
