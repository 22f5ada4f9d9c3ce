import { expect, test } from "vitest";
import type { ShardPosition } from "../../core/cursor.ts";
import { shardKey } from "../../core/ids.ts";
import { FeedProgress } from "./feed-progress.ts";

const at = (shard: number, seq: number): ShardPosition => ({ group: "default", shard, seq });
const ends = (...all: readonly ShardPosition[]) => new Map(all.map((end) => [shardKey(end), end]));

test("a look puts the shards on the list that go on above their positions", () => {
  const progress = new FeedProgress(null, [at(0, 3), at(1, 3)]);
  progress.seen(ends(at(0, 3), at(1, 4), at(2, 1)));
  expect(progress.take(10)).toEqual([at(1, 3), at(2, 0)]);
  expect(progress.take(10)).toEqual([]);
});

test("hints put shards on the list once, and those that wait longest are read first", () => {
  const progress = new FeedProgress(null, []);
  for (const shard of [5, 1, 5, 3]) progress.moved(at(shard, 99));
  expect(progress.take(2)).toEqual([at(5, 0), at(1, 0)]);
  progress.moved(at(5, 0));
  expect(progress.take(2)).toEqual([at(3, 0), at(5, 0)]);
});

test("only what was read moves a position", () => {
  const progress = new FeedProgress(null, [at(0, 1)]);
  progress.moved(at(0, 50));
  progress.seen(ends(at(0, 50)));
  expect(progress.positions()).toEqual([at(0, 1)]);
  expect(progress.positions([at(0, 9)])).toEqual([at(0, 9)]);
  progress.advance([at(0, 7), at(4, 2)]);
  expect(progress.positions()).toEqual([at(0, 7), at(4, 2)]);
});

test("a shard that ends below its position has lost its end", () => {
  const progress = new FeedProgress(null, [at(0, 5), at(1, 5)]);
  expect(progress.findLost(ends(at(0, 5), at(1, 6)))).toBeNull();
  expect(progress.findLost(ends(at(0, 5), at(1, 4)))).toEqual({ ...at(1, 5), end: 4 });
  expect(progress.findLost(ends(at(1, 5)))).toEqual({ ...at(0, 5), end: 0 });
});

test("what was read while a look was under way is not lost because the look is older", () => {
  const progress = new FeedProgress(null, [at(0, 5)]);
  progress.lookBegins();
  progress.advance([at(0, 6)]);
  expect(progress.findLost(ends(at(0, 5)))).toBeNull();
  progress.lookBegins();
  expect(progress.findLost(ends(at(0, 5)))).toEqual({ ...at(0, 6), end: 5 });
});

test("of one shard alone it takes notice where only that one is followed", () => {
  const progress = new FeedProgress(at(1, 0), [at(0, 5), at(1, 5)]);
  progress.moved(at(0, 0));
  progress.seen(ends(at(0, 9), at(1, 9), at(2, 9)));
  expect(progress.take(10)).toEqual([at(1, 5)]);
  expect(progress.positions()).toEqual([at(1, 5)]);
  expect(progress.findLost(ends(at(1, 5)))).toBeNull();
});
