import { describe, expect, test } from "vitest";
import { EpochOrder } from "./epoch-order.ts";
import { ServeWatch } from "./serve-watch.ts";

const life = (nodeId: string, incarnation = "1") => ({ nodeId, incarnation });
const serves = (epoch: number): ReadonlyMap<string, number> => new Map([["default/7", epoch]]);
const nothing: ReadonlyMap<string, number> = new Map();

describe("what nodes say that they serve", () => {
  test("one after the other is fine, also where the frames cross", () => {
    const watch = new ServeWatch();
    watch.heard(life("node-1"), serves(4), 0);
    watch.heard(life("node-2"), serves(5), 1000);
    // Left before node-2 began, and arrives late.
    watch.heard(life("node-1"), serves(4), 1400);
    watch.heard(life("node-1"), nothing, 1500);
    watch.heard(life("node-2"), serves(5), 9000);
    expect(watch).toMatchObject({ breach: null, undecided: [] });
  });

  test("both, for longer than frames can be under way, is two servers", () => {
    const watch = new ServeWatch();
    watch.heard(life("node-1"), serves(4), 0);
    for (const at of [1000, 2000, 3000, 4000]) {
      watch.heard(life("node-2"), serves(5), at);
      watch.heard(life("node-1"), serves(4), at + 100);
    }
    expect(watch.breach).toBe(
      "node-1 (epoch 4) and node-2 (epoch 5) both said that they serve shard default/7, for 1.9 s after 1.0 s.",
    );
  });

  test("both, for a while that could be the frames' way, is not decided: never a pass", () => {
    const watch = new ServeWatch();
    watch.heard(life("node-1"), serves(4), 0);
    watch.heard(life("node-2"), serves(5), 1000);
    watch.heard(life("node-1"), serves(4), 1700);
    watch.heard(life("node-2"), serves(5), 1800);
    watch.heard(life("node-1"), nothing, 1900);
    expect(watch.breach).toBeNull();
    expect(watch.undecided).toHaveLength(1);
    expect(watch.undecided[0]).toContain("for 0.7 s");
  });

  test("one frame, however late, is not enough to be sure", () => {
    const watch = new ServeWatch();
    watch.heard(life("node-1"), serves(4), 0);
    for (const at of [1000, 2000, 3000, 4000]) watch.heard(life("node-2"), serves(5), at);
    watch.heard(life("node-1"), serves(4), 4500);
    watch.heard(life("node-2"), serves(5), 5000);
    watch.heard(life("node-1"), nothing, 5500);
    expect(watch.breach).toBeNull();
    expect(watch.undecided).toHaveLength(1);
  });

  test("what a node said last does not count for the time in which it is silent", () => {
    const watch = new ServeWatch();
    watch.heard(life("node-1"), serves(4), 0);
    for (const at of [3000, 5000, 9000]) watch.heard(life("node-2"), serves(5), at);
    watch.heard(life("node-1"), nothing, 9500);
    expect(watch).toMatchObject({ breach: null, undecided: [] });
  });

  test("a new life of a node ends what the one before served", () => {
    const watch = new ServeWatch();
    watch.heard(life("node-1"), serves(4), 0);
    watch.heard(life("node-1", "2"), serves(5), 100);
    watch.heard(life("node-1", "2"), serves(5), 9000);
    expect(watch).toMatchObject({ breach: null, undecided: [] });
  });
});

const call = (nodeId: string, epoch: number, sentMs: number, answeredMs: number) => ({
  ...{ shard: "default/7", nodeId, epoch, sentMs, answeredMs },
});

describe("who answered when", () => {
  test("calls that overlap prove nothing about each other", () => {
    const order = new EpochOrder();
    order.note(call("node-2", 5, 0, 100));
    order.note(call("node-1", 4, 50, 200));
    expect(order).toMatchObject({ breach: null, checks: 0 });
  });

  test("an answer under an older epoch to what was asked after a newer one had answered is two servers", () => {
    const order = new EpochOrder();
    order.note(call("node-1", 4, 0, 50));
    order.note(call("node-2", 5, 100, 200));
    order.note(call("node-1", 4, 201, 300));
    expect(order.breach).toBe(
      "Shard default/7 was served twice: node-2 answered under epoch 5 at 0.20 s, and node-1 still answered under " +
        "epoch 4 what was asked at 0.20 s.",
    );
  });

  test("two nodes under one epoch are two servers", () => {
    const order = new EpochOrder();
    order.note(call("node-1", 4, 0, 50));
    order.note(call("node-2", 4, 60, 90));
    expect(order.breach).toContain("both under epoch 4");
  });

  test("a long run forgets old answers, and not their newest epoch", () => {
    const order = new EpochOrder();
    for (let at = 0; at < 2000; at++) order.note(call("node-2", 5, at * 10, at * 10 + 5));
    order.note(call("node-1", 4, 20_001, 20_010));
    expect(order.breach).toContain("still answered under epoch 4");
  });
});
