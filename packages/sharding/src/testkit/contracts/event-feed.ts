import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ShardPosition } from "../../core/cursor.ts";
import type { NodeRef } from "../../core/ids.ts";
import type { EventFeed, FeedFilter, FeedRequest } from "../../ports/event-feed.ts";
import type { Append, StoredEntity } from "../../ports/journal.ts";
import type { JournalHarness, MakeJournalHarness } from "./store-harness.ts";

const a: NodeRef = { nodeId: "node-a", incarnation: "00000000-0000-4000-8000-00000000000a" };
const group = "default";
const head = (shard: number) => ({ group, shard, epoch: 1, incarnation: a.incarnation });
const at = (shard: number, seq: number): ShardPosition => ({ group, shard, seq });
const entityIn = (shard: number, id = "x"): StoredEntity => ({
  ...{ group, shard, namespace: "default", type: "register", id },
});
const everything: FeedFilter = { namespaces: null, types: null, id: null, withEvents: true };

/** The contract of ports/event-feed.ts. */
export function eventFeedContract(name: string, makeHarness: MakeJournalHarness): void {
  describe(`event feed: ${name}`, () => {
    let harness: JournalHarness;
    let feed: EventFeed;

    beforeEach(async () => {
      harness = await makeHarness();
      feed = harness.feed;
      await harness.journal.claim(a, [0, 1, 2].map(head));
    });

    afterEach(async () => {
      await harness.close();
    });

    const write = async (entity: StoredEntity, version: number, events: readonly unknown[]) => {
      const append: Append = {
        ...{ ...entity, ...head(entity.shard), version, events, commandId: randomUUID() },
        ...{ outcome: null, isRemoval: false, timers: null },
      };
      expect(await harness.journal.append(append)).toBe("committed");
    };

    const read = (after: readonly ShardPosition[], more: Partial<FeedRequest> = {}) =>
      feed.read({ after, limit: 100, sizeLimit: 1_000_000, filter: everything, ...more });

    const seen = async (...asked: Parameters<typeof read>) =>
      (await read(...asked)).events.map(({ event }) => event);

    it("has no ends before there are events, and then the last one of each shard", async () => {
      expect(await feed.ends()).toEqual([]);
      await write(entityIn(2), 0, [1, 2]);
      await write(entityIn(0), 0, [1]);
      await write(entityIn(2, "y"), 0, [1]);
      const ends = (await feed.ends()).toSorted((one, other) => one.shard - other.shard);
      expect(ends).toEqual([at(0, 1), at(2, 3)]);
    });

    it("gives the events of a shard in the order of their commits, from any position on", async () => {
      await write(entityIn(0), 0, ["one", { two: [2, null] }]);
      await write({ ...entityIn(0, "y"), namespace: "other" }, 0, [null]);
      await write(entityIn(0), 2, [4]);
      const page = await read([at(0, 0)]);
      expect(page.events.map(({ at: _at, ...event }) => event)).toEqual([
        { ...entityIn(0), seq: 1, version: 1, event: "one" },
        { ...entityIn(0), seq: 2, version: 2, event: { two: [2, null] } },
        { ...entityIn(0, "y"), namespace: "other", seq: 3, version: 1, event: null },
        { ...entityIn(0), seq: 4, version: 3, event: 4 },
      ]);
      expect(page.events.map((event) => new Date(event.at).toISOString() === event.at)).toEqual(
        page.events.map(() => true),
      );
      expect(page.read).toEqual([at(0, 4)]);
      expect(page.more).toEqual([]);
      expect(await seen([at(0, 2)])).toEqual([null, 4]);
    });

    it("gives nothing of shards without events, nor at and above their ends", async () => {
      await write(entityIn(0), 0, [1]);
      expect(await read([at(0, 1), at(1, 0), at(7, 0), at(2, 5)])).toEqual({
        ...{ events: [], read: [], more: [] },
      });
    });

    it("gives so many of each shard, and says which may have more", async () => {
      await write(entityIn(0), 0, [1, 2, 3]);
      await write(entityIn(1), 0, [1]);
      await write(entityIn(2), 0, [1, 2]);
      const page = await read([at(2, 0), at(0, 1), at(1, 0)], { limit: 2 });
      expect(page.events.map(({ shard, seq }) => [shard, seq])).toEqual([
        ...[2, 2].map((shard, n) => [shard, n + 1]),
        ...[0, 0].map((shard, n) => [shard, n + 2]),
        [1, 1],
      ]);
      expect(page.read).toEqual([at(2, 2), at(0, 3), at(1, 1)]);
      expect(page.more.map(({ shard }) => shard)).toEqual([2, 0]);
    });

    it("stops when it is too much, with one event at least, and misses none by it", async () => {
      const large = (n: number) => ({ n, text: randomUUID().repeat(20) });
      for (const shard of [0, 1, 2]) {
        await write(entityIn(shard), 0, [large(1), large(2), large(3)]);
      }
      let waiting: readonly ShardPosition[] = [at(0, 0), at(1, 0), at(2, 0)];
      const got: (readonly [number, unknown])[] = [];
      const pages: number[] = [];
      while (waiting.length > 0) {
        const page = await read(waiting, { sizeLimit: 800 });
        pages.push(page.events.length);
        for (const { shard, event } of page.events) got.push([shard, (event as { n: number }).n]);
        const ends = new Map(page.read.map((end) => [end.shard, end]));
        waiting = page.more.map((end) => ends.get(end.shard) ?? at(end.shard, 0));
      }
      expect(pages.every((events) => events >= 1 && events <= 2)).toBe(true);
      expect(pages.length).toBeGreaterThan(4);
      expect(got).toEqual([0, 1, 2].flatMap((shard) => [1, 2, 3].map((n) => [shard, n])));
    });

    it("shows nothing of other namespaces, types and ids, and moves on over them", async () => {
      await write(entityIn(0), 0, ["mine"]);
      await write({ ...entityIn(0), namespace: "other" }, 0, ["theirs"]);
      await write({ ...entityIn(0), type: "account" }, 0, ["money"]);
      await write(entityIn(0, "y"), 0, ["neighbour"]);
      const only = (filter: Partial<FeedFilter>) => ({ filter: { ...everything, ...filter } });
      const mine = await read([at(0, 0)], only({ namespaces: ["default"] }));
      expect(mine.events.map(({ event }) => event)).toEqual(["mine", "money", "neighbour"]);
      const both = only({ namespaces: ["other", "default"], types: ["register"] });
      expect(await seen([at(0, 0)], both)).toEqual(["mine", "theirs", "neighbour"]);
      expect(await seen([at(0, 0)], only({ types: ["account"] }))).toEqual(["money"]);
      const one = await read([at(0, 0)], only({ namespaces: ["default"], id: "y" }));
      expect(one.events.map(({ event }) => event)).toEqual(["neighbour"]);
      const none = await read([at(0, 1)], only({ namespaces: ["nobody", "*", "%"] }));
      expect(none).toEqual({ events: [], read: [at(0, 4)], more: [] });
    });

    it("leaves the events themselves out where they are not wanted", async () => {
      await write(entityIn(0), 0, ["one", "two"]);
      const filter = { ...everything, withEvents: false };
      const { events } = await read([at(0, 0)], { filter, sizeLimit: 1 });
      expect(events.map(({ id, version, event }) => [id, version, event])).toEqual([
        ["x", 1, null],
        ["x", 2, null],
      ]);
    });

    it("passes over events that were deleted", async () => {
      await write(entityIn(0), 0, [1, 2, 3, 4]);
      await harness.journal.keep([
        { ...entityIn(0), ...head(0), version: 4, state: 0, stateVersion: 1, deleteUpTo: 3 },
      ]);
      await write(entityIn(0, "y"), 0, ["y"]);
      await harness.journal.append({
        ...{ ...entityIn(0, "y"), ...head(0), version: 1, events: ["gone"] },
        ...{ commandId: randomUUID(), outcome: null, isRemoval: true, timers: null },
      });
      const page = await read([at(0, 1)]);
      expect(page.events.map(({ seq, version, event }) => [seq, version, event])).toEqual([
        [4, 4, 4],
        [6, 2, "gone"],
      ]);
      expect(page.read).toEqual([at(0, 6)]);
      expect(await feed.ends()).toEqual([at(0, 6)]);
    });

    it("knows an entity's version, and how far its shard was then", async () => {
      expect(await feed.latest(entityIn(0))).toEqual({ version: 0, seq: 0 });
      await write(entityIn(0), 0, [1, 2]);
      await write(entityIn(0, "y"), 0, [1]);
      expect(await feed.latest(entityIn(0))).toEqual({ version: 2, seq: 3 });
      expect(await feed.latest(entityIn(0, "z"))).toEqual({ version: 0, seq: 3 });
      expect(await feed.latest({ ...entityIn(0), namespace: "other" })).toMatchObject({
        version: 0,
      });
      await harness.journal.keep([
        { ...entityIn(0), ...head(0), version: 2, state: 0, stateVersion: 1, deleteUpTo: 1 },
      ]);
      expect(await feed.latest(entityIn(0))).toMatchObject({ version: 2 });
    });

    it("rejects when the answer is lost, and answers when it is asked again", async () => {
      await write(entityIn(0), 0, [1]);
      expect(await seen([at(0, 0)])).toEqual([1]);
      expect(await harness.loseAnswer(() => read([at(0, 0)]))).toMatchObject({
        code: "STORE_UNAVAILABLE",
      });
      expect(await seen([at(0, 0)])).toEqual([1]);
    });
  });
}
