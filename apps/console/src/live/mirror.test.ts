import { applyEntries, toClusterJson } from "@leasehold/sharding/observe";
import { describe, expect, test } from "vitest";
import {
  assigned,
  entriesOf,
  hostedEvent,
  nodeRef,
  observation,
  serving,
  smallCluster,
} from "../testing/factories.ts";
import { graceMs, silentAfterMs } from "./classify.ts";
import { ClusterMirror } from "./mirror.ts";
import { plain } from "./say.ts";
import { summarize } from "./summary.ts";

/** A mirror of two nodes that believe what Postgres says, at time 0. */
function mirrorOf(): ClusterMirror {
  const mirror = new ClusterMirror();
  mirror.applySnapshot({ cluster: toClusterJson(smallCluster()), recent: [] }, 0);
  mirror.applyBeliefs(
    [
      observation("node-a", [serving(0), serving(2)]),
      observation("node-b", [serving(1), serving(3)]),
    ],
    0,
  );
  return mirror;
}

const hear = (mirror: ClusterMirror, nowMs: number): void =>
  mirror.applyBeliefs(
    [observation("node-a", [], { whole: false }), observation("node-b", [], { whole: false })],
    nowMs,
  );

const counts = (mirror: ClusterMirror, nowMs: number) => summarize(mirror, nowMs)?.cells;

describe("cluster mirror", () => {
  test("shows nothing but stable shards when all agree", () => {
    const mirror = mirrorOf();
    expect(counts(mirror, 0)).toMatchObject({ stable: 4, unknown: 0 });
    expect(summarize(mirror, 0)?.divergence.total).toBe(0);
  });

  test("moves a shard to its new lane and tells painters which cells changed", () => {
    const mirror = mirrorOf();
    const told: string[] = [];
    mirror.listen({
      cell: (flat) => told.push(`cell ${flat}`),
      moved: (flat, from, to) => told.push(`${flat} ${from} ${to}`),
      ghosts: (key) => told.push(`ghosts ${key}`),
      reset: () => told.push("reset"),
    });
    expect(mirror.applyLog("h1", entriesOf(13, assigned(0, "node-b", 2)), 1000)).toBe("applied");
    expect(mirror.owned.of("node-a")).toEqual([2]);
    expect(mirror.owned.of("node-b")).toEqual([0, 1, 3]);
    expect(told).toContain("0 node-a node-b");
    expect(told).toContain("ghosts node-a");
    expect(told).not.toContain("reset");
  });

  test("asks for what is missing instead of skipping it", () => {
    const mirror = mirrorOf();
    expect(mirror.applyLog("h1", entriesOf(14, assigned(0, "node-b", 2)), 0)).toBe("gap");
    expect(mirror.applyLog("other", entriesOf(13, assigned(0, "node-b", 2)), 0)).toBe("gap");
    expect(mirror.cluster?.seq).toBe(12);
  });

  test("applies a repeated batch once", () => {
    const mirror = mirrorOf();
    const batch = entriesOf(13, assigned(0, "node-b", 2), hostedEvent(0, "node-b", 2));
    mirror.applyLog("h1", batch, 0);
    expect(mirror.applyLog("h1", batch, 0)).toBe("applied");
    expect(mirror.log.entries).toHaveLength(2);
  });

  test("names a node that serves on after its shard was given away, in a sentence", () => {
    const mirror = mirrorOf();
    mirror.applyLog("h1", entriesOf(13, assigned(0, "node-b", 2)), 1000);
    hear(mirror, 1900);
    mirror.tick(1900);
    const [first] = summarize(mirror, 1900)?.divergence.items ?? [];
    expect(first).toMatchObject({ class: "stale-serving", nodeId: "node-a", label: "0" });
    expect(plain(first?.sentence ?? [])).toContain(
      "node-a still believes it owns shard 0 at epoch 1 and serves it. Postgres gave it to node-b at epoch 2.",
    );
  });

  test("does not hold against a node what it said before the change", () => {
    const mirror = mirrorOf();
    hear(mirror, 990);
    mirror.applyLog("h1", entriesOf(13, assigned(0, "node-b", 2)), 1000);
    mirror.tick(1100);
    expect(summarize(mirror, 1100)?.divergence.danger).toBe(0);
  });

  test("nor what it said before a change that the first snapshot brings", () => {
    const before = smallCluster();
    const recent = entriesOf(13, assigned(0, "node-b", 2), hostedEvent(0, "node-b", 2));
    const cluster = toClusterJson(applyEntries(before, recent));
    const mirror = new ClusterMirror();
    mirror.applySnapshot({ cluster, recent }, 1000);
    const beliefs = [
      observation("node-a", [serving(0), serving(2)], { ageMs: 800 }),
      observation("node-b", [serving(1), serving(3)], { ageMs: 800 }),
    ];
    mirror.applyBeliefs(beliefs, 1010);
    expect(summarize(mirror, 1010)?.divergence.danger).toBe(0);
    hear(mirror, 1900);
    mirror.tick(1900);
    expect(summarize(mirror, 1900)?.divergence.danger, "it says so again").toBe(1);
  });

  test("says that S1 is broken when two nodes serve one shard", () => {
    const mirror = mirrorOf();
    mirror.applyLog(
      "h1",
      entriesOf(13, assigned(0, "node-b", 2), hostedEvent(0, "node-b", 2)),
      1000,
    );
    mirror.applyBeliefs(
      [
        observation("node-a", [], { whole: false }),
        observation("node-b", [serving(0, 2)], { whole: false }),
      ],
      1900,
    );
    mirror.tick(1950);
    hear(mirror, 2000);
    const summary = summarize(mirror, 2000);
    expect(summary?.divergence.byClass.get("dual")).toBe(1);
    expect(summary?.invariants.find((it) => it.id === "S1")?.verdict).toBe("violated");
  });

  test("workers that a daemon was scaled down from are missed by nobody", () => {
    const mirror = mirrorOf();
    const group = "daemon:settler";
    const at = (shard: number) => ({ ...assigned(shard, "node-a", 1), group });
    const made = { type: "group-created", group, shards: 2, strategy: "least-loaded" } as const;
    mirror.applyLog("h1", entriesOf(13, { ...made, workers: 2 }, at(0), at(1)), 0);
    const believed = [0, 1].map((shard) => ({ ...serving(shard), group }));
    mirror.applyBeliefs([observation("node-a", believed, { whole: false })], 500);
    expect(summarize(mirror, 500)?.totals.total).toBe(6);
    expect(mirror.owned.of("node-a")).toEqual([0, 2, 4, 5]);

    const scaled = { type: "group-scaled", group } as const;
    mirror.applyLog("h1", entriesOf(16, { ...scaled, workers: 1, added: 0 }), 1000);
    expect(summarize(mirror, 1000)?.totals).toMatchObject({ total: 5 });
    expect(mirror.owned.of("node-a")).toEqual([0, 2, 4]);
    const vacated = { type: "shard-vacated", group, shard: 1, epoch: 1, why: "gone" } as const;
    mirror.applyLog("h1", entriesOf(17, vacated), 1000);
    hear(mirror, 1000 + 2 * graceMs);
    mirror.tick(1000 + 2 * graceMs);
    const after = summarize(mirror, 1000 + 2 * graceMs);
    expect(after?.totals).toMatchObject({ total: 5, unallocated: 0 });
    expect(after?.cells).toMatchObject({ orphan: 0, unaware: 0, "stale-idle": 0 });
    expect(after?.divergence.total).toBe(0);
    expect(mirror.owned.of("")).toEqual([]);
  });

  test("workers that a daemon is scaled up to are missed until somebody has them", () => {
    const mirror = mirrorOf();
    const group = "daemon:settler";
    const made = { type: "group-created", group, shards: 1, strategy: "least-loaded" } as const;
    mirror.applyLog("h1", entriesOf(13, { ...made, workers: 0 }), 0);
    expect(summarize(mirror, 0)?.totals).toMatchObject({ total: 4, unallocated: 0 });
    const scaled = { type: "group-scaled", group, workers: 2, added: 1 } as const;
    mirror.applyLog("h1", entriesOf(14, scaled), 9000);
    expect(mirror.owned.of("")).toEqual([4, 5]);
    hear(mirror, 9000);
    expect(summarize(mirror, 9000)?.cells).toMatchObject({ unaware: 2, orphan: 0 });
    hear(mirror, 9100 + graceMs);
    mirror.tick(9100 + graceMs);
    expect(summarize(mirror, 9100 + graceMs)?.cells).toMatchObject({ unaware: 0, orphan: 2 });
    const [first] = summarize(mirror, 9100 + graceMs)?.divergence.items ?? [];
    expect(plain(first?.sentence ?? [])).toContain("Shard daemon:settler/0 has no home");
  });

  test("turns a silent node's shards unknown by time alone, and back when it speaks", () => {
    const mirror = mirrorOf();
    mirror.tick(silentAfterMs + 1);
    expect(counts(mirror, silentAfterMs + 1)).toMatchObject({ unknown: 4, stable: 0 });
    hear(mirror, silentAfterMs + 2);
    expect(counts(mirror, silentAfterMs + 2)).toMatchObject({ unknown: 0, stable: 4 });
  });

  test("calls a shard without a home an orphan after a while", () => {
    const mirror = mirrorOf();
    mirror.applyLog(
      "h1",
      entriesOf(13, {
        type: "shard-vacated",
        group: "default",
        shard: 3,
        epoch: 1,
        why: "no node",
      }),
      1000,
    );
    const later = 1000 + graceMs + 1;
    hear(mirror, later);
    mirror.tick(later);
    expect(mirror.owned.of("")).toEqual([3]);
    expect(mirror.verdicts.cellOf(3)).not.toBe("stable");
    expect(summarize(mirror, later)?.totals.unallocated).toBe(1);
  });

  test("forgets everything when another history begins", () => {
    const mirror = mirrorOf();
    mirror.applySnapshot({ cluster: toClusterJson(smallCluster("h2")), recent: [] }, 5000);
    expect(mirror.sights.size).toBe(0);
    expect(counts(mirror, 5000)).toMatchObject({ unknown: 4 });
  });

  test("finds a lease that is not renewed before anything has moved", () => {
    const mirror = mirrorOf();
    mirror.applyBeliefs(
      [
        observation("node-a", [], {
          whole: false,
          belief: {
            lease: { state: "reconnecting", leftMs: 2000 },
            postgres: { reachable: false, lastOkMsAgo: 2500 },
          },
        }),
      ],
      100,
    );
    const summary = summarize(mirror, 100);
    expect(summary?.nodes[0]).toMatchObject({
      nodeId: "node-a",
      condition: "cut",
      leaseAtRisk: true,
    });
    expect(summary?.divergence.items[0]).toMatchObject({
      class: "skew",
      nodeId: "node-a",
      shard: null,
    });
  });

  test("keeps a dead node in sight while its fault runs, and then forgets what it believed", () => {
    const mirror = mirrorOf();
    const fault = { id: "f", kind: "pause", detail: {}, expiresInMs: 60_000 };
    const paused = observation("node-b", [], { whole: false, belief: { faults: [fault] } });
    mirror.applyBeliefs([paused], 100);
    const moves = [assigned(1, "node-a", 2), assigned(3, "node-a", 2)];
    const dead = { type: "node-dead", ...nodeRef("node-b"), proof: "watched" } as const;
    mirror.applyLog("h1", entriesOf(13, ...moves, dead), 200);
    const seen = (nowMs: number) => {
      mirror.tick(nowMs);
      const { nodes = [], faults = [], divergence } = summarize(mirror, nowMs) ?? {};
      const differs = divergence?.items.filter((it) => it.nodeId === "node-b") ?? [];
      return [nodes.length, faults.length, differs.map((it) => it.class)];
    };
    // Whether a paused node serves cannot be known; it is dead by the lease, but may wake up.
    expect(seen(20_000)).toEqual([2, 1, ["unknown", "unknown"]]);
    expect(seen(70_000)).toEqual([1, 0, []]);
    expect(mirror.verdicts.ghosts.of("node-b")).toEqual([]);
  });
});
