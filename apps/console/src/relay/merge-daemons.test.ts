import { describe, expect, test } from "vitest";
import { type DaemonsAnswer, mergeDaemons, type NodeReply } from "./merge-daemons.ts";
import type { WorkerHistory } from "./worker-history.ts";

type Answered = DaemonsAnswer["daemons"][number];

/** By the log: one home for each index, at epoch 1 unless said otherwise. */
const homes = (
  ...items: readonly (string | null | readonly [string, number])[]
): Answered["items"] =>
  items.map((it, index) => {
    const [nodeId, epoch] = typeof it === "string" ? [it, 1] : (it ?? [null, 1]);
    return { index, state: nodeId === null ? "unallocated" : "hosted", nodeId, epoch };
  });

const own = (
  index: number,
  more: Partial<Answered["here"][number]> = {},
): Answered["here"][number] => ({
  index,
  fence: 1,
  state: "running",
  sinceMs: 4_000,
  beatAgeMs: 20,
  failures: 0,
  lastFailure: null,
  ...more,
});

const says = (
  nodeId: string,
  seq: number,
  items: Answered["items"],
  ...here: Answered["here"]
): NodeReply => ({
  nodeId,
  answer: {
    seq,
    daemons: [{ daemon: "settler", group: "daemon:settler", workers: items.length, items, here }],
  },
});

const merge = (replies: readonly NodeReply[], histories: Record<string, WorkerHistory> = {}) => {
  const view = mergeDaemons(replies, new Map(Object.entries(histories)));
  return { ...view, workers: view.daemons[0]?.items ?? [] };
};

const gaveUp = (nodeId: string, fence: number, why: string): WorkerHistory => ({
  failures: 1,
  lastFailure: { nodeId, fence, why },
  whyHomeless: null,
});

describe("what nodes say of daemons", () => {
  test("each worker is as its own home says", () => {
    const items = homes("node-a", "node-b");
    const { workers, answered, unanswered } = merge([
      says("node-a", 9, items, own(0, { sinceMs: 100 })),
      says("node-b", 9, items, own(1, { sinceMs: 200, beatAgeMs: 7 })),
    ]);
    expect(workers).toMatchObject([
      { index: 0, state: "running", nodeId: "node-a", fence: 1, forMs: 100, beatAgeMs: 20 },
      { index: 1, state: "running", nodeId: "node-b", fence: 1, forMs: 200, beatAgeMs: 7 },
    ]);
    expect({ answered, unanswered }).toEqual({ answered: 2, unanswered: [] });
  });

  test("of nodes that disagree about the log, the one that is furthest is believed", () => {
    const late = says("node-a", 9, homes("node-a", "node-a"), own(0), own(1));
    const ahead = says("node-b", 12, homes("node-a", ["node-b", 2], "node-b"), own(2));
    for (const replies of [
      [late, ahead],
      [ahead, late],
    ]) {
      const { daemons, workers } = merge(replies);
      expect(daemons[0]?.workers).toBe(3);
      expect(workers.map(({ state, nodeId, fence }) => [state, nodeId, fence])).toEqual([
        ["running", "node-a", 1],
        ["starting", "node-b", 2],
        ["running", "node-b", 1],
      ]);
    }
  });

  test("a worker given up at A and running at B runs, and its failure is told with its place", () => {
    const items = homes(["node-b", 5]);
    const { workers } = merge(
      [says("node-a", 20, items), says("node-b", 20, items, own(0, { fence: 5 }))],
      { "daemon:settler/0": gaveUp("node-a", 4, "it threw: no more paper") },
    );
    expect(workers).toMatchObject([
      {
        state: "running",
        nodeId: "node-b",
        fence: 5,
        failures: 1,
        lastFailure: { nodeId: "node-a", words: "it threw: no more paper" },
      },
    ]);
  });

  test("a worker that waits at its home has its words from there before the log has them", () => {
    const items = homes(["node-b", 5]);
    const waits = own(0, { fence: 5, state: "waiting", failures: 1, lastFailure: "it returned" });
    const { workers } = merge([says("node-b", 20, items, waits)], {
      "daemon:settler/0": gaveUp("node-a", 4, "it threw: no more paper"),
    });
    expect(workers[0]).toMatchObject({ state: "waiting", failures: 2 });
    expect(workers[0]?.lastFailure).toEqual({ nodeId: "node-b", words: "it returned" });
  });

  test("what a home says of an earlier run is not taken for the present one", () => {
    const { workers } = merge([says("node-a", 9, homes(["node-a", 3]), own(0, { fence: 2 }))]);
    expect(workers[0]).toMatchObject({ state: "starting", fence: 3, forMs: null, beatAgeMs: null });
  });

  test("a worker whose home does not answer is unknown, and never fine", () => {
    const { workers, answered, unanswered } = merge([
      says("node-a", 9, homes("node-a", "node-b"), own(0)),
      { nodeId: "node-b", why: "no answer within 1.5 s" },
    ]);
    expect(workers.map(({ state }) => state)).toEqual(["running", "unknown"]);
    expect(workers[1]).toMatchObject({ nodeId: "node-b", forMs: null, beatAgeMs: null });
    expect(answered).toBe(1);
    expect(unanswered).toEqual([{ nodeId: "node-b", why: "no answer within 1.5 s" }]);
  });

  test("an older node, which knows no daemons, takes nothing from what the others say", () => {
    const older = { nodeId: "node-c", why: "older than daemons, and runs none" };
    const { workers, unanswered } = merge([older, says("node-a", 9, homes("node-a"), own(0))]);
    expect(workers.map(({ state }) => state)).toEqual(["running"]);
    expect(unanswered).toEqual([older]);
  });

  test("a daemon that only some programs have is there, by whichever node knows it", () => {
    const other: NodeReply = { nodeId: "node-b", answer: { seq: 30, daemons: [] } };
    expect(merge([says("node-a", 9, homes("node-a"), own(0)), other]).workers).toHaveLength(1);
  });

  test("an index without a home says why, as far as the log does", () => {
    const replies = [says("node-a", 9, homes("node-a", null), own(0))];
    expect(merge(replies).workers[1]).toMatchObject({ state: "homeless", whyHomeless: null });
    const why = { failures: 0, lastFailure: null, whyHomeless: "no node can take it" };
    const { workers } = merge(replies, { "daemon:settler/1": why, "daemon:settler/0": why });
    expect(workers.map(({ whyHomeless }) => whyHomeless)).toEqual([null, "no node can take it"]);
  });

  test("a worker that is not needed any more is there until it has ended", () => {
    const items = homes("node-a");
    const here = [own(0), own(1, { state: "stopping", sinceMs: 70 }), own(2)];
    const { daemons, workers } = merge([says("node-a", 9, items, ...here)]);
    expect(daemons[0]?.workers).toBe(1);
    expect(workers.map(({ index, state, forMs }) => [index, state, forMs])).toEqual([
      [0, "running", 4_000],
      [1, "stopping", 70],
      [2, "stopping", null],
    ]);
  });

  test("a run that another node has not ended is told beside the one at home", () => {
    const items = homes(["node-b", 5]);
    const { workers } = merge([
      says("node-a", 19, items, own(0, { fence: 4 })),
      says("node-b", 20, items, own(0, { fence: 5 })),
    ]);
    expect(workers[0]).toMatchObject({ state: "running", nodeId: "node-b" });
    expect(workers[0]?.alsoAt).toEqual([{ nodeId: "node-a", fence: 4 }]);
  });

  test("a worker that is handed over moves, unless its home has not answered", () => {
    const items = homes("node-a").map((it) => ({ ...it, state: "handing-off" as const }));
    const answer = says("node-a", 9, items, own(0));
    expect(merge([answer]).workers[0]).toMatchObject({ state: "moving", nodeId: "node-a" });
    const silent = { nodeId: "node-a", why: "not reached" };
    expect(merge([silent, says("node-b", 9, items)]).workers[0]).toMatchObject({
      state: "unknown",
    });
  });
});
