import { describe, expect, test } from "vitest";
import { hosted, nodeRef, serving } from "../testing/factories.ts";
import {
  classify,
  type DivergenceClass,
  graceMs,
  type ShardCase,
  settleMs,
  silentAfterMs,
} from "./classify.ts";

/** node-a owns shard 1 at epoch 2, says so, and was heard long after the last change. */
const calm: ShardCase = {
  row: hosted("node-a", 2),
  changedMsAgo: 60_000,
  authoritySeq: 100,
  node: { ...nodeRef("node-a"), heardMsAgo: 100, leaseLost: false, seq: 100 },
  belief: serving(1, 2),
  servedElsewhere: false,
};
const other = { ...nodeRef("node-b"), heardMsAgo: 100, leaseLost: false, seq: 100 };
const young = { changedMsAgo: graceMs - 1 };

describe("belief against authority", () => {
  const cases: readonly (readonly [string, Partial<ShardCase>, DivergenceClass])[] = [
    ["an owner that serves its epoch agrees", {}, "agree"],
    ["a node that was never heard is unknown", { node: null }, "unknown"],
    [
      "a silent node is unknown, whatever it said last",
      { node: { ...other, ...nodeRef("node-a"), heardMsAgo: silentAfterMs + 1 } },
      "unknown",
    ],
    ["an owner that does not know yet is unaware", { ...young, belief: undefined }, "unaware"],
    ["an owner that never heard of it leaves an orphan", { belief: undefined }, "orphan"],
    [
      "an owner whose new epoch has not started waits, however long",
      {
        row: {
          state: "starting",
          epoch: 2,
          pinned: false,
          owner: nodeRef("node-a"),
          carried: null,
        },
        belief: undefined,
      },
      "unaware",
    ],
    [
      "an owner that lost its lease and stopped is stale-idle",
      {
        node: { ...nodeRef("node-a"), heardMsAgo: 100, leaseLost: true, seq: 100 },
        belief: undefined,
      },
      "stale-idle",
    ],
    [
      "an owner that lost its lease and serves on is stale-serving",
      { node: { ...nodeRef("node-a"), heardMsAgo: 100, leaseLost: true, seq: 100 } },
      "stale-serving",
    ],
    [
      "another life of the owner is not the owner",
      {
        node: { ...nodeRef("node-a", "2"), heardMsAgo: 100, leaseLost: false, seq: 100 },
        belief: undefined,
      },
      "stale-idle",
    ],
    [
      "an owner that serves an older epoch is stale-serving",
      { belief: serving(1, 1) },
      "stale-serving",
    ],
    [
      "a former owner that serves on is stale-serving",
      { node: other, belief: serving(1, 1) },
      "stale-serving",
    ],
    [
      "a former owner that serves while the owner does is dual",
      { node: other, belief: serving(1, 1), servedElsewhere: true },
      "dual",
    ],
    [
      "a former owner that holds on without serving is stale-idle",
      { node: other, belief: { ...serving(1, 1), serving: false, phase: "draining" } },
      "stale-idle",
    ],
    [
      "a node without a word about a shard of others agrees",
      { node: other, belief: undefined },
      "agree",
    ],
    [
      "what a node said before the change is not held against it",
      { changedMsAgo: 100 + settleMs, node: other, belief: serving(1, 1) },
      "agree",
    ],
    [
      "a node that is ahead of this console agrees",
      { node: { ...other, seq: 101 }, belief: serving(1, 3) },
      "agree",
    ],
    [
      "a node that serves an epoch which Postgres never gave is stale-serving",
      { node: other, belief: serving(1, 3) },
      "stale-serving",
    ],
    [
      "the source of a handoff may keep its frozen copy",
      {
        row: {
          state: "starting",
          epoch: 2,
          pinned: false,
          owner: nodeRef("node-a"),
          carried: { handoffId: "h", from: nodeRef("node-b"), digest: "", size: 0 },
        },
        node: other,
        belief: { ...serving(1, 1), serving: false, phase: "frozen" },
      },
      "agree",
    ],
  ];
  test.each(cases)("%s", (_name, change, expected) => {
    expect(classify({ ...calm, ...change })).toBe(expected);
  });
});
