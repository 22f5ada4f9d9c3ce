import { describe, expect, test } from "vitest";
import { entriesOf, nodeRef, nodeView } from "../testing/factories.ts";
import type { NodeView } from "./node-row.ts";
import { plain } from "./say.ts";
import { whyNode } from "./why-node.ts";

const told = (
  more: Partial<NodeView>,
  ...events: Parameters<typeof entriesOf> extends [number, ...infer E] ? E : never
) =>
  whyNode(nodeView("node-a", { ...nodeRef("node-a"), ...more }), entriesOf(7, ...events)).map(
    plain,
  );

const lease = { leaseState: "held", leaseLeftMs: 1800, leaseTtlMs: 5000 } as const;

describe("why a node is marked", () => {
  test("is nothing where it is ready", () => {
    expect(told({ condition: "ready", ...lease })).toEqual([]);
  });

  test("is its own word about Postgres, its lease and the fault, where it is cut", () => {
    const cut = {
      id: "f",
      kind: "cut-postgres",
      detail: { direction: "both" },
      expiresInMs: 12_000,
    };
    expect(told({ condition: "cut", postgresOkMsAgo: 3200, ...lease, faults: [cut] })).toEqual([
      "node-a says that Postgres has not answered it for 3.2 s.",
      "By its own clock its lease of 5.0 s ends in 1.8 s; until then node-a may serve.",
      "A fault is set on node-a: cut-postgres both, for 12 s more.",
    ]);
  });

  test("is also what the log says, where it speaks on after others took its shards", () => {
    const dead = { type: "node-dead", ...nodeRef("node-a"), proof: "watched" } as const;
    expect(told({ condition: "cut", postgresOkMsAgo: 9000, ...lease }, dead).at(-1)).toBe(
      "The log ended this life of it in event 7 and gave its shards away: its renewals stood still for longer than its lease lasts.",
    );
  });

  test("says that nothing is served where the lease has run out", () => {
    const lost = { leaseState: "lost", leaseLeftMs: 0, leaseTtlMs: 5000 } as const;
    expect(told({ condition: "reconnecting", ...lost })).toEqual([
      "node-a lives and speaks, but holds no lease: its lease is lost.",
      "By its own clock its lease has run out: it serves nothing.",
    ]);
    expect(told({ condition: "unknown", heardMsAgo: 9000, ...lease, leaseLeftMs: 0 })).toEqual([
      "node-a was last heard 9.0 s ago. What it does since is not observed.",
      "By its own clock the lease that it spoke of has run out since: then it serves nothing.",
    ]);
  });

  test("is the proof of its death, of this life and no other", () => {
    const gone = { leaseState: null, leaseLeftMs: null } as const;
    const dead = { type: "node-dead", ...nodeRef("node-a"), proof: "watched" } as const;
    expect(told({ condition: "dead", ...gone }, dead)).toEqual([
      "Its lease was declared over in event 7: its renewals stood still for longer than its lease lasts.",
    ]);
    const [other] = told({ condition: "dead", ...gone }, { ...dead, incarnation: "node-a-0" });
    expect(other).toContain("An earlier life");
    expect(told({ condition: "dead", ...gone })[0]).toContain("lies before those");
  });

  test("is who did not reach it, where it was evicted", () => {
    const evicted = {
      type: "node-evicted",
      ...nodeRef("node-a"),
      unreachedBy: ["b", "c"],
    } as const;
    const gone = { leaseState: null, leaseLeftMs: null } as const;
    expect(told({ condition: "evicted", ...gone }, evicted)).toEqual([
      "Most nodes could not reach it: b, c said so, and it was evicted in event 7.",
    ]);
  });
});
