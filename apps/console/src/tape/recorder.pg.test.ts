import { createTestDatabase, type TestDatabase } from "@leasehold/db/testing";
import { sql } from "drizzle-orm";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { summarize } from "../live/summary.ts";
import { readConfig } from "../relay/config.ts";
import { Hub } from "../relay/hub.ts";
import { ConsoleDatabase } from "../store/console-database.ts";
import { FakeAuthority, fakeDefaults } from "../testing/fake-cluster.ts";
import { type FakeCluster, startFakeCluster } from "../testing/fake-run.ts";
import { inventTape } from "../testing/invent-tape.ts";
import type { Reel, SentReel, TapeEntry, TapeMark } from "../wire/tape.ts";
import { expandKeyframe } from "./compact.ts";
import { MemoryTape } from "./memory-tape.ts";
import { reelJson } from "./pack.ts";
import { Recorder } from "./recorder.ts";
import { RecorderLock } from "./recorder-lock.ts";
import { Replay } from "./replay.ts";
import { Tape } from "./tape.ts";
import { TapeTable } from "./tape-table.ts";

let database: TestDatabase;
let cluster: FakeCluster;
const closers: (() => Promise<void>)[] = [];
const quiet = (): void => undefined;

beforeEach(async () => {
  database = await createTestDatabase();
  cluster = await startFakeCluster({ shards: 24, leaseTtlMs: 1000, changesPerSecond: 30 });
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await cluster.stop();
  await database.drop();
});

/** What a console's process has of the tape. */
function startConsole() {
  const hub = new Hub(readConfig({ LEASEHOLD_NODES: cluster.seeds.join(",") }), quiet);
  const store = new ConsoleDatabase(database.url, "shop", quiet);
  const lock = new RecorderLock(database.url, "shop", quiet);
  const table = new TapeTable(store);
  const keep = { keepMs: 3_600_000, keepBytes: 1 << 30 };
  const recorder = new Recorder({ hub, store: { table, lock }, log: quiet, ...keep });
  const tape = new Tape(recorder.memory, table, quiet);
  store.start();
  store.onReady(() => lock.start());
  hub.start();
  recorder.start();
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    hub.stop();
    await recorder.stop();
    await lock.stop();
    await store.stop();
  };
  closers.push(stop);
  return { recorder, tape, table, stop };
}

async function openStore(): Promise<ConsoleDatabase> {
  const store = new ConsoleDatabase(database.url, "shop", quiet);
  closers.push(() => store.stop());
  const ready = new Promise<void>((resolve) => store.onReady(resolve));
  store.start();
  await ready;
  return store;
}

async function reelAt(tape: Tape, pos: number): Promise<Reel> {
  const found = await tape.reel({ pos });
  if (found === null) throw new Error(`There is no reel at ${pos}.`);
  const { keyframe, ...rest } = JSON.parse(await reelJson(found)) as SentReel;
  return { ...rest, keyframe: expandKeyframe(keyframe) };
}

function seenAt({ keyframe, entries }: Reel, pos: number): unknown {
  const replay = new Replay();
  replay.restore(keyframe);
  replay.feed(entries, pos);
  return JSON.parse(JSON.stringify(summarize(replay.mirror, replay.atMs)));
}

const soon = { timeout: 15_000, interval: 50 };

test("of two consoles one records, and both show the same moment", async () => {
  const [first, second] = [startConsole(), startConsole()];
  await vi.waitFor(() => {
    const states = [first, second].map(({ recorder }) => recorder.state().state);
    expect(states.toSorted()).toEqual(["following", "recording"]);
  }, soon);
  await vi.waitFor(async () => {
    expect((await first.table.ends())?.last.pos).toBeGreaterThan(
      ((await first.table.ends())?.first.pos ?? 0) + 50,
    );
  }, soon);
  const pos = (await first.table.ends())?.last.pos ?? 0;
  const [one, other] = await Promise.all([reelAt(first.tape, pos), reelAt(second.tape, pos)]);
  expect(seenAt(one, pos)).toEqual(seenAt(other, pos));
  const positions = other.entries.map((it) => it.pos);
  expect(positions).toEqual(positions.map((_, index) => other.keyframe.pos + 1 + index));
});

test("when the recording console ends, the next one goes on and says what is missing", async () => {
  const first = startConsole();
  await vi.waitFor(async () => expect(await first.table.ends()).not.toBeNull(), soon);
  const second = startConsole();
  await vi.waitFor(() => expect(second.recorder.state().state).toBe("following"), soon);
  await first.stop();
  await vi.waitFor(() => expect(second.recorder.state().state).toBe("recording"), soon);
  const before = (await second.table.ends())?.first.pos ?? 0;
  await vi.waitFor(async () => {
    const [gap] = (await second.tape.marks(before, "next", 50)).filter((it) => it.kind === "gap");
    expect(gap?.words).toContain("Nothing was recorded before this");
  }, soon);
  const [gap] = (await second.tape.marks(before, "next", 50)).filter((it) => it.kind === "gap");
  const { entries } = await reelAt(second.tape, gap?.pos ?? 0);
  const begin = entries[0] as Extract<TapeEntry, { tag: "gap" }>;
  expect(begin.tag).toBe("gap");
  // The old reel ends where the new one begins, and is still there.
  const old = await reelAt(second.tape, before);
  expect(old.nextPos).toBe(begin.pos - 1);
  expect(begin.atMs).toBeGreaterThan(begin.sinceMs ?? Number.POSITIVE_INFINITY);
});

test("a console that slept does not write behind the one that took over", async () => {
  const { recorder, table, tape } = startConsole();
  await vi.waitFor(() => expect(recorder.state().state).toBe("recording"), soon);
  await vi.waitFor(async () => expect(await table.ends()).not.toBeNull(), soon);
  const { segments, keyframe } = (await tape.reel({ pos: recorder.position() ?? 0 })) ?? {};
  const [segment] = recorder.memory.segments();
  if (segment === undefined || keyframe === undefined) throw new Error("Nothing is recorded.");
  expect(segments?.length).toBeGreaterThan(0);
  const ends = await table.ends();
  expect(await table.append(segment, null)).toBe(false);
  const after = {
    ...segment,
    firstPos: (ends?.last.pos ?? 0) + 1e9,
    lastPos: (ends?.last.pos ?? 0) + 2e9,
  };
  expect(await table.append(after, null)).toBe(true);
});

test("the bar counts what was recorded, and calls the rest a gap", async () => {
  const { recorder, tape, table } = startConsole();
  await vi.waitFor(() => expect(recorder.state().state).toBe("recording"), soon);
  await vi.waitFor(async () => {
    const { first, last } = (await table.ends()) ?? {};
    expect((last?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(2000);
  }, soon);
  const toMs = Date.now();
  const { buckets } = await tape.bar(toMs - 60_000, toMs, 60);
  expect(buckets).toHaveLength(60);
  expect(buckets[0]).toMatchObject({ isGap: true, events: 0 });
  const events = buckets.reduce((sum, it) => sum + it.events, 0);
  expect(events).toBeGreaterThan(20);
  // Read from Postgres alone, the saved part has the same.
  const saved = await new Tape(new Recorder({ ...nothing }).memory, table, quiet).bar(
    toMs - 60_000,
    toMs,
    60,
  );
  const savedEvents = saved.buckets.reduce((sum, it) => sum + it.events, 0);
  expect(savedEvents).toBeGreaterThan(0);
  expect(savedEvents).toBeLessThanOrEqual(events);
});

test("marks of one instant are told in one order, from memory and from Postgres", async () => {
  const { table, recorder } = startConsole();
  await vi.waitFor(async () => expect(await table.ends()).not.toBeNull(), soon);
  const pos = ((await table.ends())?.last.pos ?? 0) + 1e9;
  const marks = ["a", "b", "c"].map((subject): TapeMark => {
    return { pos, atMs: Date.now() + 60_000, kind: "fault", subject, words: `${subject} began.` };
  });
  const [segment] = recorder.memory.segments();
  const [memory, frame] = [new MemoryTape(), recorder.memory.first];
  if (segment === undefined || frame === null) throw new Error("Nothing is recorded.");
  const latest = { ...segment, firstPos: pos, lastPos: pos, marks };
  memory.begin(frame);
  memory.append(latest, null);
  expect(await table.append(latest, null)).toBe(true);
  for (const direction of ["next", "previous"] as const) {
    const from = direction === "next" ? pos - 1 : pos + 1;
    const words = (found: TapeMark[]): string => found.map((it) => it.subject).join("");
    expect(words(await table.marks(from, direction, 3))).toBe(
      words(await memory.marks(from, direction, 3)),
    );
  }
});

test("what is too old goes by whole reels: each moment that the bar still shows can be gone to", async () => {
  const store = await openStore();
  const table = new TapeTable(store);
  const authority = new FakeAuthority({ ...fakeDefaults, nodes: 4, shards: 64 });
  authority.found(
    ["a", "b", "c", "d"].map((it) => ({
      nodeId: `node-${it}`,
      incarnation: `${it}-1`,
      address: "",
      zone: "",
    })),
  );
  const startMs = Date.now() - 10_000;
  const { firstPos, lastPos } = await inventTape(authority, table, 10_000, startMs);
  const tape = new Tape(new MemoryTape(), table, quiet);
  const whole = await reelAt(tape, lastPos);
  await table.trim(startMs + 5_000, 1 << 30);
  const { first } = (await table.ends()) ?? {};
  expect(await tape.reel({ pos: firstPos }), "the oldest is gone").toBeNull();
  expect(first?.atMs).toBeGreaterThan(startMs);
  expect(first?.atMs, "no more than what is too old").toBeLessThan(startMs + 5_000);
  const { buckets } = await tape.bar(startMs, startMs + 10_000, 10);
  for (const { fromMs } of buckets.filter((it) => !it.isGap && it.events > 0)) {
    expect(await tape.reel({ atMs: fromMs + 999 })).not.toBeNull();
  }
  expect(await reelAt(tape, lastPos)).toEqual(whole);
});

test("what the process still has is shown when Postgres has lost it", async () => {
  const { recorder, tape, table } = startConsole();
  await vi.waitFor(async () => expect(await table.ends()).not.toBeNull(), soon);
  const store = await openStore();
  await store.run((schema) => sql`delete from ${schema}.keyframes`);
  const pos = recorder.position() ?? 0;
  expect(await table.reel({ pos })).toBeNull();
  expect(seenAt(await reelAt(tape, pos), pos)).toMatchObject({
    history: cluster.authority.history,
  });
});

const nothing = {
  hub: new Hub(readConfig({}), quiet),
  store: null,
  log: quiet,
  keepMs: 1,
  keepBytes: 1,
};
