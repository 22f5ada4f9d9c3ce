import { describe, expect, test } from "vitest";
import { assigned, entriesOf, hostedEvent, joined } from "../../testing/factories.ts";
import { activityOf } from "./activity.model.ts";
import type { Topic } from "./entry-text.ts";
import { parseEntryFilter, visibleEntries } from "./timeline.model.ts";

const all = entriesOf(
  1,
  joined("node-a"),
  joined("node-b"),
  assigned(7, "node-a", 1),
  hostedEvent(7, "node-a", 1),
  assigned(8, "node-b", 1),
);
const everything: ReadonlySet<Topic> = new Set(["ownership", "membership", "plans", "coordinator"]);
const seqs = (text: string, upTo: number | null = null): number[] =>
  visibleEntries(all, everything, parseEntryFilter(text), upTo).map((entry) => entry.seq);

describe("timeline", () => {
  test.each([
    ["", [5, 4, 3, 2, 1]],
    ["type:shard-*", [5, 4, 3]],
    ["type:shard-hosted", [4]],
    ["shard:7", [4, 3]],
    ["node:node-b", [5, 2]],
    ["shard:7 type:shard-assigned", [3]],
    ["seq:4", [4]],
    ["default/8", [5]],
    ["nothing-like-it", []],
  ])("filter %j leaves the entries %j, newest first", (text, expected) => {
    expect(seqs(text)).toEqual(expected);
  });

  test("shows nothing newer than the position that it is held at", () => {
    expect(seqs("", 3)).toEqual([3, 2, 1]);
  });

  test("leaves out topics that are switched off", () => {
    const found = visibleEntries(all, new Set<Topic>(["membership"]), null, null);
    expect(found.map((entry) => entry.seq)).toEqual([2, 1]);
  });

  test("counts every entry of the span once, also those from a clock ahead of this one", () => {
    const first = Date.parse(all[0]?.at ?? "");
    const total = (sinceMs: number, untilMs: number): number =>
      activityOf(all, sinceMs, untilMs).reduce((sum, bucket) => sum + bucket.total, 0);
    expect(total(first, first + 100)).toBe(5);
    expect(total(first, first + 1)).toBe(5);
    expect(total(first + 3, first + 100)).toBe(2);
  });
});
