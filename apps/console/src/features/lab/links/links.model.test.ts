import type { ActiveFault } from "@leasehold/sharding/observe";
import { describe, expect, test } from "vitest";
import type { NodeView } from "../../../live/node-row.ts";
import { nodeView } from "../../../testing/factories.ts";
import { cellName, type LinkCell, linkCell, postgresCell } from "./links.model.ts";
import { matrixOf, stepPlace } from "./matrix.model.ts";
import { firstTool, pressOf } from "./press.model.ts";

const fault = (
  kind: string,
  detail: ActiveFault["detail"] = {},
  more: Partial<ActiveFault> = {},
) => ({
  id: `f_${kind}`,
  kind,
  detail,
  expiresInMs: 20_000,
  ...more,
});

const peers = (connected: boolean, ...nodeIds: readonly string[]) =>
  nodeIds.map((nodeId) => ({ nodeId, connected }));

const a = (more: Partial<NodeView> = {}) =>
  nodeView("node-a", { peers: peers(true, "node-b"), ...more });
const b = (more: Partial<NodeView> = {}) =>
  nodeView("node-b", { peers: peers(true, "node-a"), ...more });

describe("what a link's cell says", () => {
  test("a link that is whole is up, in both directions", () => {
    expect(linkCell(a(), b())).toMatchObject({ state: "up", isConnected: true, faults: [] });
    expect(cellName(linkCell(b(), a()))).toBe("node-b to node-a: up");
  });

  // As the node that carries it sees it: out is row to column for the row's node, in for the column's.
  const directions: readonly (readonly [string, "a" | "b", string, string, string])[] = [
    ["what a does not send", "a", "out", "cut", "up"],
    ["what a does not take", "a", "in", "up", "cut"],
    ["both, at a", "a", "both", "cut", "cut"],
    ["what b does not take", "b", "in", "cut", "up"],
    ["what b does not send", "b", "out", "up", "cut"],
    ["both, at b", "b", "both", "cut", "cut"],
  ];
  test.each(directions)("%s", (_, carrier, direction, there, back) => {
    const at = (id: "a" | "b", peer: string) =>
      id === carrier ? { faults: [fault("cut-link", { peer, direction })] } : {};
    const [left, right] = [a(at("a", "node-b")), b(at("b", "node-a"))];
    expect(linkCell(left, right).state).toBe(there);
    expect(linkCell(right, left).state).toBe(back);
  });

  test("a fault without a direction acts both ways", () => {
    const left = a({ faults: [fault("cut-link", { peer: "node-b" })] });
    expect(linkCell(b(), left).faults).toMatchObject([{ nodeId: "node-a", isBothWays: true }]);
  });

  test("a fault for another peer, or for Postgres, is not this link's", () => {
    const faults = [fault("cut-link", { peer: "node-c" }), fault("cut-postgres"), fault("pause")];
    expect(linkCell(a({ faults }), b()).state).toBe("up");
  });

  test("what is set and what is seen are two facts", () => {
    const faults = [fault("cut-link", { peer: "node-b", direction: "out" })];
    expect(linkCell(a({ faults }), b())).toMatchObject({ state: "cut", isConnected: true });
    const noticed = a({ faults, peers: peers(false, "node-b") });
    expect(linkCell(noticed, b())).toMatchObject({ state: "cut", isConnected: false, note: "" });
  });

  test("a link that is down says why: the way back is cut, the other is not heard, or nobody knows", () => {
    const down = a({ peers: peers(false, "node-b") });
    const back = b({ faults: [fault("cut-link", { peer: "node-a", direction: "out" })] });
    expect(linkCell(down, back)).toMatchObject({ state: "down", note: "The way back is cut." });
    const silent = b({ condition: "unknown" });
    expect(linkCell(down, silent)).toMatchObject({ state: "down", note: "node-b is not heard." });
    expect(linkCell(down, b())).toMatchObject({ state: "down", note: "No fault says why." });
  });

  test("of a node that is silent nothing is seen, but its fault still stands", () => {
    const silent = a({ condition: "unknown" });
    expect(linkCell(silent, b())).toMatchObject({ state: "unknown", isConnected: null });
    const faults = [fault("cut-link", { peer: "node-b" })];
    expect(linkCell({ ...silent, faults }, b()).state).toBe("cut");
  });

  test("delays add up, and a cut is stronger than a delay", () => {
    const slow = fault("slow-link", { peer: "node-b", delayMs: 120, direction: "out" });
    const other = fault("slow-link", { peer: "node-a", delayMs: 30, direction: "in" });
    const right = b({ faults: [other] });
    expect(linkCell(a({ faults: [slow] }), right)).toMatchObject({ state: "slow", delayMs: 150 });
    const cut = fault("cut-link", { peer: "node-b", direction: "out" });
    const both = linkCell(a({ faults: [slow, cut] }), right);
    expect(both.state).toBe("cut");
    expect(both.faults).toHaveLength(3);
  });

  test("Postgres is a column: cut or slow as set, up or down as the node sees it", () => {
    expect(postgresCell(a()).state).toBe("up");
    expect(postgresCell(a({ postgresReachable: false })).state).toBe("down");
    expect(postgresCell(a({ faults: [fault("cut-postgres", { direction: "in" })] })).state).toBe(
      "cut",
    );
    const slow = a({ faults: [fault("slow-postgres", { delayMs: 5 })] });
    expect(postgresCell(slow)).toMatchObject({ state: "slow", delayMs: 5 });
    expect(cellName(postgresCell(slow))).toBe("node-a to Postgres: slow");
  });
});

describe("what a press does", () => {
  const commands = (cell: LinkCell, tool = firstTool, nodes = [a(), b()]) => {
    const press = pressOf(cell, tool, nodes);
    return press.ok ? press.commands : press.why;
  };

  test("cuts one direction, at the node that sends, for 30 s", () => {
    const cut = { kind: "cut-link", peer: "node-b", direction: "out", ttlMs: 30_000 };
    const press = commands(linkCell(a(), b()));
    expect(press).toEqual([{ kind: "fault", nodeId: "node-a", fault: cut }]);
  });

  test("is set at the other end where the sender is not heard", () => {
    const nodes = [a({ condition: "unknown" }), b()];
    const cell = linkCell(a({ condition: "unknown" }), b());
    expect(commands(cell, firstTool, nodes)).toMatchObject([
      { nodeId: "node-b", fault: { peer: "node-a", direction: "in" } },
    ]);
  });

  test("does nothing, and says why, where neither end is heard or has faults on", () => {
    const cell = linkCell(a(), b());
    const silent = [a({ condition: "dead" }), b({ heardMsAgo: null })];
    expect(commands(cell, firstTool, silent)).toBe("neither node-a nor node-b is heard");
    const off = [a({ faultsOn: false }), b({ faultsOn: false })];
    expect(commands(cell, firstTool, off)).toBe("node-a and node-b were started with faults off");
  });

  test("slows by the tool's delay, both ways where it says so", () => {
    const tool = { kind: "slow", ways: "both", delayMs: 50, ttlMs: 10_000 } as const;
    expect(commands(linkCell(a(), b()), tool)).toMatchObject([
      { fault: { kind: "slow-link", direction: "both", delayMs: 50, ttlMs: 10_000 } },
    ]);
    expect(commands(postgresCell(a()), tool)).toMatchObject([
      { fault: { kind: "slow-postgres", delayMs: 50 } },
    ]);
  });

  test("heals everything that is set on this direction, wherever it is carried", () => {
    const left = a({ faults: [fault("cut-link", { peer: "node-b" }, { id: "f_1" })] });
    const right = b({ faults: [fault("slow-link", { peer: "node-a" }, { id: "f_2" })] });
    expect(commands(linkCell(left, right))).toEqual([
      { kind: "heal", nodeId: "node-a", faultId: "f_1" },
      { kind: "heal", nodeId: "node-b", faultId: "f_2" },
    ]);
  });
});

describe("the matrix", () => {
  const many = (size: number) =>
    Array.from({ length: size }, (_, index) =>
      nodeView(`node-${String(index + 1).padStart(3, "0")}`),
    );

  test("a hundred nodes are found by parts of their names, and no more are drawn than can be read", () => {
    const all = matrixOf(many(100), "");
    expect([all.nodes.length, all.found]).toEqual([24, 100]);
    const some = matrixOf(many(100), "node-007, 042");
    expect(some.nodes.map((it) => it.nodeId)).toEqual(["node-007", "node-042"]);
    expect(some.rows.map((cells) => cells.length)).toEqual([3, 3]);
  });

  test("arrows pass over the link of a node to itself, and stop at the edge", () => {
    // Column 0 is Postgres: node 0 is column 1.
    expect(stepPlace({ row: 0, column: 0 }, "ArrowRight", 3)).toEqual({ row: 0, column: 2 });
    expect(stepPlace({ row: 0, column: 2 }, "ArrowDown", 3)).toEqual({ row: 2, column: 2 });
    expect(stepPlace({ row: 2, column: 2 }, "ArrowRight", 3)).toBeNull();
    expect(stepPlace({ row: 0, column: 0 }, "ArrowUp", 3)).toBeNull();
    expect(stepPlace({ row: 0, column: 0 }, "Enter", 3)).toBeNull();
  });
});
