import { describe, expect, test } from "vitest";
import { plain } from "../../live/say.ts";
import type { DaemonView, WorkerView } from "../../wire/daemons-view.ts";
import { daemonLook, listed, rowsOf, troublesOf, workerLook } from "./daemon.model.ts";

const worker = (index: number, more: Partial<WorkerView> = {}): WorkerView => ({
  index,
  state: "running",
  nodeId: "node-a",
  fence: 3,
  forMs: 4_000,
  beatAgeMs: 20,
  failures: 0,
  lastFailure: null,
  whyHomeless: null,
  alsoAt: [],
  ...more,
});

const daemon = (items: readonly WorkerView[], workers = items.length): DaemonView => ({
  daemon: "settler",
  group: "daemon:settler",
  workers,
  items,
});

const sentences = (items: readonly WorkerView[], ageMs = 0): readonly string[] =>
  troublesOf(daemon(items), ageMs).map(({ words }) => plain(words));

const threw = { nodeId: "node-a", words: "it threw: no more paper" };

describe("what is wrong with a daemon", () => {
  test("is nothing when all run, also after failures", () => {
    const items = [worker(0), worker(1, { failures: 3, lastFailure: threw })];
    expect(sentences(items)).toEqual([]);
    expect(daemonLook(daemon(items), 0)).toMatchObject({ word: "all 2 run", tone: "stable" });
  });

  test("is a worker that waits after a failure, with how often, where, when and why", () => {
    const waits = worker(1, { state: "waiting", forMs: 400, failures: 3, lastFailure: threw });
    expect(sentences([worker(0), waits], 1_000)).toEqual([
      "Worker 1 has failed 3 times, the last time at node-a 1.4 s ago: it threw: no more paper. After a pause it starts again, elsewhere if it can.",
    ]);
    expect(daemonLook(daemon([worker(0), waits]), 0)).toMatchObject({
      word: "1 of 2 run",
      tone: "warning",
    });
  });

  test("is a worker that does not stop, once that is no step of a handoff any more", () => {
    const stopping = (forMs: number) => worker(0, { state: "stopping", forMs });
    expect(sentences([stopping(4_000)])).toEqual([]);
    expect(sentences([stopping(4_000)], 2_000)).toEqual([
      "Worker 0 was told to stop 6.0 s ago and has not ended: node-a still has it under fence 3.",
    ]);
    expect(workerLook(stopping(4_000), 2_000).word).toBe("stuck");
    const surplus = worker(1, { state: "stopping", forMs: 9_000 });
    expect(troublesOf(daemon([worker(0), surplus], 1), 0).map(({ words }) => plain(words))).toEqual(
      [
        "Worker 1 was told to stop 9.0 s ago, since it is not needed any more, and has not ended: node-a still has it under fence 3.",
      ],
    );
  });

  test("is an index without a home, and those that have the same reason are named together", () => {
    const homeless = (index: number, fence: number, whyHomeless: string | null = null) =>
      worker(index, { state: "homeless", nodeId: null, fence, whyHomeless });
    expect(sentences([homeless(0, 4, "no node can take it"), homeless(1, 0)])).toEqual([
      "Worker 0 has had no home since fence 4: no node can take it.",
      "Worker 1 has no home, and was never given one.",
    ]);
    const many = [homeless(0, 4, "no node can take it"), homeless(2, 5, "no node can take it")];
    expect(sentences(many)).toEqual(["Workers 0 and 2 have no home: no node can take it."]);
  });

  test("is a home that did not answer: its workers are unknown, in one sentence", () => {
    const silent = (index: number) => worker(index, { state: "unknown", nodeId: "node-b" });
    expect(sentences([silent(0)])).toEqual([
      "Worker 0 is unknown: node-b, its home under fence 3, did not answer.",
    ]);
    const items = [worker(0), silent(1), silent(2)];
    expect(sentences(items)).toEqual([
      "Workers 1 and 2 are unknown: node-b, their home, did not answer.",
    ]);
    expect(daemonLook(daemon(items), 0)).toMatchObject({
      word: "1 of 3 run, 2 unknown",
      tone: "unknown",
    });
  });

  test("is a run that has not ended at a former home", () => {
    expect(sentences([worker(0, { alsoAt: [{ nodeId: "node-b", fence: 2 }] })])).toEqual([
      "Worker 0 has its home at node-a under fence 3, and node-b has not ended the run under fence 2.",
    ]);
  });
});

test("a daemon without workers is no daemon that runs", () => {
  expect(daemonLook(daemon([]), 0)).toMatchObject({ word: "scaled to none", tone: "unknown" });
});

test("one step that is under way gives the daemon its tone, and a worse one hides it", () => {
  const starting = worker(0, { state: "starting", forMs: null });
  expect(daemonLook(daemon([starting, worker(1)]), 0).tone).toBe("handoff");
  const homeless = worker(2, { state: "homeless", nodeId: null });
  expect(daemonLook(daemon([starting, homeless]), 0).tone).toBe("warning");
});

test("indexes are listed as one reads them", () => {
  const list = (count: number) => listed(Array.from({ length: count }, (_, index) => index));
  expect([list(1), list(2), list(3)]).toEqual(["0", "0 and 1", "0, 1 and 2"]);
  expect(list(12)).toBe("0, 1, 2, 3, 4, 5, 6, 7 and 4 more");
});

test("of very many workers those that do not run are among the rows", () => {
  const items = Array.from({ length: 500 }, (_, index) =>
    worker(index, index === 444 ? { state: "waiting" } : {}),
  );
  const rows = rowsOf(items);
  expect(rows).toHaveLength(100);
  expect(rows.at(-1)?.index).toBe(444);
});
