import { describe, expect, test } from "vitest";
import { type beliefOf, nodeRef, observation } from "../testing/factories.ts";
import type { NodeSight } from "./mirror.ts";
import { type NodeFacts, viewNode } from "./node-row.ts";

function factsOf(
  change: Partial<NodeFacts["row"]>,
  belief: Parameters<typeof beliefOf>[1] = {},
): NodeFacts {
  const seen = observation("node-a", [], { belief });
  const sight: NodeSight = { ...seen, peers: [], heardAtMs: 900, silent: false, shards: new Map() };
  return {
    row: {
      ...nodeRef("node-a"),
      address: "",
      zone: "",
      weight: 1,
      labels: {},
      state: "up",
      cordoned: false,
      ...change,
    },
    sight,
    isCoordinator: false,
    owned: 3,
    believedOnly: 0,
    divergent: 0,
    nowMs: 1000,
  };
}
const cut = { postgres: { reachable: false, lastOkMsAgo: 2000 } };

describe("a node as the pages show it", () => {
  test("is cut rather than dead while it still speaks", () => {
    expect(viewNode(factsOf({ state: "dead" }, cut)).condition).toBe("cut");
  });

  test("is dead when it says nothing any more", () => {
    const { sight: _, ...rest } = factsOf({ state: "dead" });
    expect(viewNode({ ...rest, sight: undefined }).condition).toBe("dead");
  });

  test("is unknown, not dead, when only this console cannot hear it", () => {
    const { sight: _, ...rest } = factsOf({});
    expect(viewNode({ ...rest, sight: undefined })).toMatchObject({
      condition: "unknown",
      leaseLeftMs: null,
    });
  });

  test("is ready without being heard where it is a proxy, unless Postgres says otherwise", () => {
    const proxy = (state: "up" | "dead") => ({
      ...factsOf({ weight: 0, state }),
      sight: undefined,
    });
    expect(viewNode(proxy("up")).condition).toBe("ready");
    expect(viewNode(proxy("dead")).condition).toBe("dead");
    const silent = { ...factsOf({ weight: 0 }) };
    const sight = { ...(silent.sight as NodeSight), silent: true };
    expect(viewNode({ ...silent, sight }).condition).toBe("unknown");
  });

  test("counts the lease down between frames and warns when a renewal is late", () => {
    expect(viewNode(factsOf({})).leaseLeftMs).toBe(4400);
    const low = factsOf({}, { lease: { state: "held", leftMs: 3200 } });
    expect(viewNode(low)).toMatchObject({ leaseLeftMs: 3100, leaseAtRisk: true });
    const enough = factsOf({}, { lease: { state: "held", leftMs: 3300 } });
    expect(viewNode(enough)).toMatchObject({ leaseLeftMs: 3200, leaseAtRisk: false });
  });

  test("keeps a fault of a silent node until its time is over", () => {
    const fault = { id: "f", kind: "pause", detail: {}, expiresInMs: 150 };
    expect(viewNode(factsOf({}, { faults: [fault] })).faults[0]?.expiresInMs).toBe(50);
    expect(viewNode({ ...factsOf({}, { faults: [fault] }), nowMs: 1100 }).faults).toEqual([]);
  });
});
