import { expect, test } from "vitest";
import { HeadsWatch } from "./heads-watch.ts";

const head = (epoch: number, lastSeq: number) => ({ shard: "default/7", epoch, lastSeq });
const row = (shardSeq: number, epoch: number) => ({ shard: "default/7", shardSeq, epoch });

function watchThat(...looks: readonly [number, number, number][]): HeadsWatch {
  const watch = new HeadsWatch();
  for (const [atMs, epoch, lastSeq] of looks) watch.looked([head(epoch, lastSeq)], atMs);
  return watch;
}

test("events under each owner's epoch, in order, are fenced", () => {
  const watch = watchThat([0, 4, 10], [200, 4, 12], [400, 5, 12], [600, 5, 14]);
  watch.judge([row(11, 4), row(12, 4), row(13, 5), row(14, 5)]);
  expect(watch).toMatchObject({ breach: null, gap: null, checks: 4 });
});

test("an event of the old owner right after the claim is found, though no event of the new one is before it", () => {
  const watch = watchThat([0, 4, 10], [200, 5, 10], [400, 5, 12]);
  watch.judge([row(11, 4), row(12, 5)]);
  expect(watch.breach).toBe(
    "Event 11 of shard default/7 was written under epoch 4, after its head was claimed at epoch 5.",
  );
});

test("an event of the old owner among those of the new one is found without any look in between", () => {
  const watch = watchThat([0, 4, 10]);
  watch.judge([row(11, 5), row(12, 4)]);
  expect(watch.breach).toContain("Event 12");
});

test("a head that goes back is found", () => {
  expect(watchThat([0, 5, 10], [200, 4, 10]).breach).toContain("went back");
});

test("a change of hands that nobody looked at is a gap", () => {
  expect(watchThat([0, 4, 10], [3000, 5, 11]).gap).toContain("for 3.0 s");
  expect(watchThat([0, 4, 10], [3000, 4, 11]).gap).toBeNull();
});
