import { describe, expect, it } from "vitest";
import { deepFreeze } from "../testkit/deep-freeze.ts";
import type { NodeRef } from "./ids.ts";
import type { ClusterEvent, LogEntry } from "./log.ts";
import type { HandoffRef, HostOrder } from "./messages.ts";
import {
  emptyRegion,
  type HeldPhase,
  type RegionEffect,
  type RegionInput,
  type RegionState,
  type RegionTurn,
  turnRegion,
} from "./region.ts";

const a = { nodeId: "a", incarnation: "a-1" };
const b = { nodeId: "b", incarnation: "b-1" };
const ref = { group: "g", shard: 0 };
const captured = { digest: "d", size: 9 };

type PhaseName = HeldPhase["phase"] | "none";

const phases: Record<HeldPhase["phase"], HeldPhase> = {
  serving: { phase: "serving" },
  copying: { phase: "copying", handoffId: "h5", to: b },
  draining: { phase: "draining", handoffId: "h5", to: b },
  sending: { phase: "sending", handoffId: "h5", to: b, ...captured },
  frozen: { phase: "frozen", handoffId: "h5", to: b, ...captured },
};

/** Region a, which had the shard at epoch 5 and has it in this phase now. */
function regionIn(phase: PhaseName): RegionState {
  const held = phase === "none" ? [] : [["g/0", { ...ref, epoch: 5, ...phases[phase] }] as const];
  return { ...emptyRegion(a), held: new Map(held), highest: new Map([["g/0", 5]]) };
}

const step = (state: RegionState, ...batch: RegionInput[]): RegionTurn =>
  turnRegion(deepFreeze(state), batch);

const entry = (event: ClusterEvent): RegionInput => ({
  ...{ tag: "entry", entry: { ...event, seq: 1, at: "", term: 1 } satisfies LogEntry },
});
const assigned = (epoch: number, to: NodeRef, handoffId?: string, from = a): RegionInput =>
  entry({
    ...{ type: "shard-assigned", ...ref, ...to, epoch, cause: "handoff" },
    carried: handoffId === undefined ? null : { handoffId, from, ...captured },
  });
const order = (epoch: number, handoffId?: string, from: NodeRef = b): RegionInput => {
  const carried = handoffId === undefined ? null : { handoffId, from, ...captured };
  return { tag: "host", order: { ...ref, epoch, carried } satisfies HostOrder };
};
const handoffAt = (epoch: number, handoffId: string): HandoffRef => ({ ...ref, epoch, handoffId });
const begin = (epoch: number, handoffId: string): RegionInput => ({
  ...{ tag: "begin", order: { ...handoffAt(epoch, handoffId), to: b } },
});

const inputs = {
  "order, same epoch": order(5),
  "order, epoch + 1": order(6),
  "order, epoch + 1, state of b that is not here": order(6, "h-b"),
  "order, epoch + 2": order(7),
  "order, epoch + 2, the target never served": order(7, "h5", a),
  "order, lower epoch": order(4),
  "begin, the handoff": begin(5, "h5"),
  "begin, another handoff": begin(5, "h9"),
  "begin, lower epoch": begin(4, "h4"),
  "begin, higher epoch": begin(6, "h6"),
  "stop, same epoch": { tag: "stop", grant: { ...ref, epoch: 5 } },
  "stop, higher epoch": { tag: "stop", grant: { ...ref, epoch: 6 } },
  "stop, lower epoch": { tag: "stop", grant: { ...ref, epoch: 4 } },
  copied: { tag: "copied", ...handoffAt(5, "h5") },
  "copied, another handoff": { tag: "copied", ...handoffAt(5, "h9") },
  "captured, nothing": { tag: "captured", ...handoffAt(5, "h5"), digest: "", size: 0 },
  "captured, state": { tag: "captured", ...handoffAt(5, "h5"), ...captured },
  "captured, another handoff": { tag: "captured", ...handoffAt(5, "h9"), ...captured },
  "capture failed": { tag: "capture-failed", ...handoffAt(5, "h5"), why: "busy" },
  "capture failed, another handoff": { tag: "capture-failed", ...handoffAt(5, "h9"), why: "busy" },
  "give up": { tag: "give-up", ...ref, epoch: 5, why: "stuck" },
  "give up, lower epoch": { tag: "give-up", ...ref, epoch: 4, why: "stuck" },
  "taken by the target": { tag: "taken", handoffId: "h5", from: b },
  "taken by somebody else": { tag: "taken", handoffId: "h5", from: { ...b, incarnation: "b-2" } },
  "taken, another handoff": { tag: "taken", handoffId: "h9", from: b },
  "state arrives": { tag: "arrived", ...handoffAt(5, "h-b") },
  "state arrives, lower epoch": { tag: "arrived", ...handoffAt(4, "h-b") },
  "log: assigned to us, epoch + 1": assigned(6, a),
  "log: assigned to b with our state": assigned(6, b, "h5"),
  "log: assigned to b": assigned(6, b),
  "log: hosted by b": entry({ type: "shard-hosted", ...ref, ...b, epoch: 6 }),
  "log: hosted by us": entry({ type: "shard-hosted", ...ref, ...a, epoch: 5 }),
  "log: vacated": entry({ type: "shard-vacated", ...ref, epoch: 5, why: "" }),
  "log: handoff from us": entry({
    ...{ type: "handoff-began", ...ref, handoffId: "h5", nodeId: "a", epoch: 5, to: b },
    planId: null,
  }),
  "log: handoff from b": entry({
    ...{ type: "handoff-began", ...ref, handoffId: "h5", nodeId: "b", epoch: 5, to: a },
    planId: null,
  }),
  "log: another shard": entry({
    ...{ type: "shard-assigned", group: "g", shard: 1, ...b, epoch: 9, cause: "death" },
    carried: null,
  }),
  "log: pinned": entry({ type: "shard-pinned", ...ref }),
  "log: a node died": entry({ type: "node-dead", ...b, proof: "host" }),
  "log: we are evicted": entry({ type: "node-evicted", ...a, unreachedBy: ["b", "c"] }),
  "log: b is evicted": entry({ type: "node-evicted", ...b, unreachedBy: ["a", "c"] }),
} as const satisfies Record<string, RegionInput>;

function effectName(effect: RegionEffect): string {
  switch (effect.tag) {
    case "report":
      return "handoffId" in effect.report.item
        ? `${effect.report.tag} ${effect.report.item.handoffId}`
        : `${effect.report.tag} ${effect.report.item.epoch}`;
    case "open":
      return effect.handoffId === null
        ? `open ${effect.epoch}`
        : `open ${effect.epoch} ${effect.handoffId}`;
    case "reopen":
    case "drop":
      return `${effect.tag} ${effect.epoch}`;
    case "copy":
    case "drain":
    case "transfer":
    case "forget":
      return `${effect.tag} ${effect.handoffId}`;
    default:
      return effect satisfies never;
  }
}

/** What a region does, in short: the phase and epoch that it ends in, and its effects in order. */
function summary({ state, effects }: RegionTurn): string {
  const held = state.held.get("g/0");
  const end = held === undefined ? "none" : `${held.phase} ${held.epoch}`;
  return [end, ...effects.map(effectName)].join(", ");
}
/** The phase and epoch afterwards, then the effects in order. */
const table: Record<PhaseName, Record<keyof typeof inputs, string>> = {
  none: {
    "order, same epoch": "none, host-refused 5",
    "order, epoch + 1": "serving 6, open 6, shards-hosted 6",
    "order, epoch + 1, state of b that is not here": "none, host-refused 6",
    "order, epoch + 2": "serving 7, open 7, shards-hosted 7",
    "order, epoch + 2, the target never served": "none, host-refused 7",
    "order, lower epoch": "none, host-refused 4",
    "begin, the handoff": "none",
    "begin, another handoff": "none",
    "begin, lower epoch": "none",
    "begin, higher epoch": "none",
    "stop, same epoch": "none",
    "stop, higher epoch": "none",
    "stop, lower epoch": "none",
    copied: "none",
    "copied, another handoff": "none",
    "captured, nothing": "none, forget h5",
    "captured, state": "none, forget h5",
    "captured, another handoff": "none, forget h9",
    "capture failed": "none",
    "capture failed, another handoff": "none",
    "give up": "none",
    "give up, lower epoch": "none",
    "taken by the target": "none",
    "taken by somebody else": "none",
    "taken, another handoff": "none",
    "state arrives": "none",
    "state arrives, lower epoch": "none, forget h-b",
    "log: assigned to us, epoch + 1": "serving 6, open 6, shards-hosted 6",
    "log: assigned to b with our state": "none",
    "log: assigned to b": "none",
    "log: hosted by b": "none",
    "log: hosted by us": "none",
    "log: vacated": "none",
    "log: handoff from us": "none",
    "log: handoff from b": "none",
    "log: another shard": "none",
    "log: pinned": "none",
    "log: a node died": "none",
    "log: we are evicted": "none",
    "log: b is evicted": "none",
  },
  serving: {
    "order, same epoch": "serving 5, shards-hosted 5",
    "order, epoch + 1": "serving 6, reopen 6, shards-hosted 6",
    "order, epoch + 1, state of b that is not here": "none, drop 5, host-refused 6",
    "order, epoch + 2": "serving 7, drop 5, open 7, shards-hosted 7",
    "order, epoch + 2, the target never served": "none, drop 5, host-refused 7",
    "order, lower epoch": "serving 5",
    "begin, the handoff": "copying 5, copy h5, handoffs-acked h5",
    "begin, another handoff": "copying 5, copy h9, handoffs-acked h9",
    "begin, lower epoch": "serving 5",
    "begin, higher epoch": "serving 5",
    "stop, same epoch": "none, drop 5",
    "stop, higher epoch": "none, drop 5",
    "stop, lower epoch": "serving 5",
    copied: "serving 5",
    "copied, another handoff": "serving 5",
    "captured, nothing": "serving 5, forget h5",
    "captured, state": "serving 5, forget h5",
    "captured, another handoff": "serving 5, forget h9",
    "capture failed": "serving 5",
    "capture failed, another handoff": "serving 5",
    "give up": "none, drop 5, shards-stopped 5",
    "give up, lower epoch": "serving 5",
    "taken by the target": "serving 5",
    "taken by somebody else": "serving 5",
    "taken, another handoff": "serving 5",
    "state arrives": "serving 5",
    "state arrives, lower epoch": "serving 5, forget h-b",
    "log: assigned to us, epoch + 1": "serving 6, reopen 6, shards-hosted 6",
    "log: assigned to b with our state": "none, drop 5",
    "log: assigned to b": "none, drop 5",
    "log: hosted by b": "none, drop 5",
    "log: hosted by us": "serving 5",
    "log: vacated": "none, drop 5",
    "log: handoff from us": "copying 5, copy h5, handoffs-acked h5",
    "log: handoff from b": "serving 5",
    "log: another shard": "serving 5",
    "log: pinned": "serving 5",
    "log: a node died": "serving 5",
    "log: we are evicted": "none, drop 5, shards-stopped 5",
    "log: b is evicted": "serving 5",
  },
  copying: {
    "order, same epoch": "copying 5",
    "order, epoch + 1": "serving 6, forget h5, reopen 6, shards-hosted 6",
    "order, epoch + 1, state of b that is not here": "none, drop 5, forget h5, host-refused 6",
    "order, epoch + 2": "serving 7, drop 5, forget h5, open 7, shards-hosted 7",
    "order, epoch + 2, the target never served": "none, drop 5, forget h5, host-refused 7",
    "order, lower epoch": "copying 5",
    "begin, the handoff": "copying 5, handoffs-acked h5",
    "begin, another handoff": "copying 5",
    "begin, lower epoch": "copying 5",
    "begin, higher epoch": "copying 5",
    "stop, same epoch": "none, drop 5, forget h5",
    "stop, higher epoch": "none, drop 5, forget h5",
    "stop, lower epoch": "copying 5",
    copied: "draining 5, drain h5",
    "copied, another handoff": "copying 5",
    "captured, nothing": "copying 5",
    "captured, state": "copying 5",
    "captured, another handoff": "copying 5, forget h9",
    "capture failed": "serving 5, forget h5, handoffs-failed h5",
    "capture failed, another handoff": "copying 5",
    "give up": "copying 5",
    "give up, lower epoch": "copying 5",
    "taken by the target": "copying 5",
    "taken by somebody else": "copying 5",
    "taken, another handoff": "copying 5",
    "state arrives": "copying 5",
    "state arrives, lower epoch": "copying 5, forget h-b",
    "log: assigned to us, epoch + 1": "serving 6, forget h5, reopen 6, shards-hosted 6",
    "log: assigned to b with our state": "none, drop 5, forget h5",
    "log: assigned to b": "none, drop 5, forget h5",
    "log: hosted by b": "none, drop 5, forget h5",
    "log: hosted by us": "copying 5",
    "log: vacated": "none, drop 5, forget h5",
    "log: handoff from us": "copying 5, handoffs-acked h5",
    "log: handoff from b": "copying 5",
    "log: another shard": "copying 5",
    "log: pinned": "copying 5",
    "log: a node died": "copying 5",
    "log: we are evicted": "none, drop 5, forget h5, shards-stopped 5",
    "log: b is evicted": "copying 5",
  },
  draining: {
    "order, same epoch": "draining 5",
    "order, epoch + 1": "serving 6, forget h5, reopen 6, shards-hosted 6",
    "order, epoch + 1, state of b that is not here": "none, drop 5, forget h5, host-refused 6",
    "order, epoch + 2": "serving 7, drop 5, forget h5, open 7, shards-hosted 7",
    "order, epoch + 2, the target never served": "serving 7, forget h5, reopen 7, shards-hosted 7",
    "order, lower epoch": "draining 5",
    "begin, the handoff": "draining 5, handoffs-acked h5",
    "begin, another handoff": "draining 5",
    "begin, lower epoch": "draining 5",
    "begin, higher epoch": "draining 5",
    "stop, same epoch": "none, drop 5, forget h5",
    "stop, higher epoch": "none, drop 5, forget h5",
    "stop, lower epoch": "draining 5",
    copied: "draining 5",
    "copied, another handoff": "draining 5",
    "captured, nothing": "frozen 5, shards-released h5",
    "captured, state": "sending 5, transfer h5",
    "captured, another handoff": "draining 5, forget h9",
    "capture failed": "serving 5, forget h5, handoffs-failed h5",
    "capture failed, another handoff": "draining 5",
    "give up": "draining 5",
    "give up, lower epoch": "draining 5",
    "taken by the target": "draining 5",
    "taken by somebody else": "draining 5",
    "taken, another handoff": "draining 5",
    "state arrives": "draining 5",
    "state arrives, lower epoch": "draining 5, forget h-b",
    "log: assigned to us, epoch + 1": "serving 6, forget h5, reopen 6, shards-hosted 6",
    "log: assigned to b with our state": "none, drop 5, forget h5",
    "log: assigned to b": "none, drop 5, forget h5",
    "log: hosted by b": "none, drop 5, forget h5",
    "log: hosted by us": "draining 5",
    "log: vacated": "none, drop 5, forget h5",
    "log: handoff from us": "draining 5, handoffs-acked h5",
    "log: handoff from b": "draining 5",
    "log: another shard": "draining 5",
    "log: pinned": "draining 5",
    "log: a node died": "draining 5",
    "log: we are evicted": "none, drop 5, forget h5, shards-stopped 5",
    "log: b is evicted": "draining 5",
  },
  sending: {
    "order, same epoch": "sending 5",
    "order, epoch + 1": "serving 6, forget h5, reopen 6, shards-hosted 6",
    "order, epoch + 1, state of b that is not here": "none, drop 5, forget h5, host-refused 6",
    "order, epoch + 2": "serving 7, drop 5, forget h5, open 7, shards-hosted 7",
    "order, epoch + 2, the target never served": "serving 7, forget h5, reopen 7, shards-hosted 7",
    "order, lower epoch": "sending 5",
    "begin, the handoff": "sending 5, handoffs-acked h5",
    "begin, another handoff": "sending 5",
    "begin, lower epoch": "sending 5",
    "begin, higher epoch": "sending 5",
    "stop, same epoch": "none, drop 5, forget h5",
    "stop, higher epoch": "none, drop 5, forget h5",
    "stop, lower epoch": "sending 5",
    copied: "sending 5",
    "copied, another handoff": "sending 5",
    "captured, nothing": "sending 5",
    "captured, state": "sending 5",
    "captured, another handoff": "sending 5, forget h9",
    "capture failed": "sending 5",
    "capture failed, another handoff": "sending 5",
    "give up": "sending 5",
    "give up, lower epoch": "sending 5",
    "taken by the target": "frozen 5, shards-released h5",
    "taken by somebody else": "sending 5",
    "taken, another handoff": "sending 5",
    "state arrives": "sending 5",
    "state arrives, lower epoch": "sending 5, forget h-b",
    "log: assigned to us, epoch + 1": "serving 6, forget h5, reopen 6, shards-hosted 6",
    "log: assigned to b with our state": "none, drop 5, forget h5",
    "log: assigned to b": "none, drop 5, forget h5",
    "log: hosted by b": "none, drop 5, forget h5",
    "log: hosted by us": "sending 5",
    "log: vacated": "none, drop 5, forget h5",
    "log: handoff from us": "sending 5, handoffs-acked h5",
    "log: handoff from b": "sending 5",
    "log: another shard": "sending 5",
    "log: pinned": "sending 5",
    "log: a node died": "sending 5",
    "log: we are evicted": "none, drop 5, forget h5, shards-stopped 5",
    "log: b is evicted": "sending 5",
  },
  frozen: {
    "order, same epoch": "frozen 5",
    "order, epoch + 1": "serving 6, forget h5, reopen 6, shards-hosted 6",
    "order, epoch + 1, state of b that is not here": "none, drop 5, forget h5, host-refused 6",
    "order, epoch + 2": "serving 7, drop 5, forget h5, open 7, shards-hosted 7",
    "order, epoch + 2, the target never served": "serving 7, forget h5, reopen 7, shards-hosted 7",
    "order, lower epoch": "frozen 5",
    "begin, the handoff": "frozen 5, shards-released h5",
    "begin, another handoff": "frozen 5",
    "begin, lower epoch": "frozen 5",
    "begin, higher epoch": "frozen 5",
    "stop, same epoch": "none, drop 5, forget h5",
    "stop, higher epoch": "none, drop 5, forget h5",
    "stop, lower epoch": "frozen 5",
    copied: "frozen 5",
    "copied, another handoff": "frozen 5",
    "captured, nothing": "frozen 5",
    "captured, state": "frozen 5",
    "captured, another handoff": "frozen 5, forget h9",
    "capture failed": "frozen 5",
    "capture failed, another handoff": "frozen 5",
    "give up": "frozen 5",
    "give up, lower epoch": "frozen 5",
    "taken by the target": "frozen 5",
    "taken by somebody else": "frozen 5",
    "taken, another handoff": "frozen 5",
    "state arrives": "frozen 5",
    "state arrives, lower epoch": "frozen 5, forget h-b",
    "log: assigned to us, epoch + 1": "serving 6, forget h5, reopen 6, shards-hosted 6",
    "log: assigned to b with our state": "frozen 5",
    "log: assigned to b": "none, drop 5, forget h5",
    "log: hosted by b": "none, drop 5, forget h5",
    "log: hosted by us": "frozen 5",
    "log: vacated": "none, drop 5, forget h5",
    "log: handoff from us": "frozen 5, shards-released h5",
    "log: handoff from b": "frozen 5",
    "log: another shard": "frozen 5",
    "log: pinned": "frozen 5",
    "log: a node died": "frozen 5",
    "log: we are evicted": "frozen 5",
    "log: b is evicted": "frozen 5",
  },
};

describe("a shard at epoch 5", () => {
  for (const [phase, cells] of Object.entries(table) as [PhaseName, Record<string, string>][]) {
    for (const [name, input] of Object.entries(inputs)) {
      it(`${phase} + ${name} -> ${cells[name]}`, () => {
        expect(summary(step(regionIn(phase), input))).toBe(cells[name]);
      });
    }
  }
});

/** A region that follows a story: each step gives the effects of that step. */
class Story {
  state: RegionState = emptyRegion(a);

  tell(...told: RegionInput[]): string {
    const turn = step(this.state, ...told);
    this.state = turn.state;
    return summary(turn);
  }
}

const arrives = (epoch: number, handoffId: string): RegionInput => ({
  ...{ tag: "arrived", ...handoffAt(epoch, handoffId) },
});
const vacates = (epoch: number): RegionInput =>
  entry({ type: "shard-vacated", ...ref, epoch, why: "" });
const hostedBy = (node: NodeRef, epoch: number): RegionInput =>
  entry({ type: "shard-hosted", ...ref, ...node, epoch });

describe("an order", () => {
  it("is obeyed under an epoch that this life has not seen, once", () => {
    const story = new Story();
    expect(story.tell(assigned(1, a))).toBe("serving 1, open 1, shards-hosted 1");
    // The report was lost: the coordinator asks again, and nothing is started again.
    expect(story.tell(order(1))).toBe("serving 1, shards-hosted 1");
  });

  it("starts from the state that was carried here, and from nothing else", () => {
    const story = new Story();
    expect(story.tell(arrives(4, "h4"))).toBe("none");
    expect(story.tell(assigned(5, a, "h4", b))).toBe("serving 5, open 5 h4, shards-hosted 5");
    expect(story.state.arrived.size).toBe(0);
  });

  it("is refused without the carried state, and refused again when it is asked again", () => {
    const story = new Story();
    expect(story.tell(assigned(5, a, "h4", b))).toBe("none, host-refused 5");
    // A refusal that is lost and never said again would leave the shard without a home (L1).
    expect(story.tell(order(5, "h4"))).toBe("none, host-refused 5");
  });

  it("that is late is not obeyed once the shard has been given away", () => {
    const story = new Story();
    story.tell(order(5), begin(5, "h5"), { tag: "copied", ...handoffAt(5, "h5") });
    story.tell({ tag: "captured", ...handoffAt(5, "h5"), ...captured });
    story.tell({ tag: "taken", handoffId: "h5", from: b });
    expect(story.tell(order(5))).toBe("frozen 5");
    story.tell(assigned(6, b, "h5"), hostedBy(b, 6));
    for (const epoch of [4, 5])
      expect(story.tell(order(epoch))).toBe(`none, host-refused ${epoch}`);
    // Not even the epoch that b has: it was granted once, and not to this node.
    expect(story.tell(order(6))).toBe("none, host-refused 6");
  });

  it("that is late is not obeyed by a node that was told to stop", () => {
    const story = new Story();
    story.tell({ tag: "stop", grant: { ...ref, epoch: 7 } });
    expect(story.tell(order(6))).toBe("none, host-refused 6");
    expect(story.tell(order(8))).toBe("serving 8, open 8, shards-hosted 8");
  });

  it("forgets state that arrived for an earlier assignment", () => {
    const story = new Story();
    story.tell(arrives(4, "h4"));
    expect(story.tell(order(6))).toBe("serving 6, open 6, shards-hosted 6, forget h4");
    expect(story.state.arrived.size).toBe(0);
  });
});

describe("a release", () => {
  it("is reported only when the target has all of the state (S1, and nothing is lost)", () => {
    const story = new Story();
    expect(story.tell(order(5), begin(5, "h5"))).toContain("copy h5, handoffs-acked h5");
    expect(story.tell(inputs.copied)).toBe("draining 5, drain h5");
    const sent = story.tell({ tag: "captured", ...handoffAt(5, "h5"), ...captured });
    expect(sent).toBe("sending 5, transfer h5");
    expect(story.tell(begin(5, "h5"))).toBe("sending 5, handoffs-acked h5");
    expect(story.tell({ tag: "taken", handoffId: "h5", from: b })).toBe(
      "frozen 5, shards-released h5",
    );
  });

  it("carries the digest and size that were captured, as often as it is asked for", () => {
    const released = { tag: "shards-released", item: { ...handoffAt(5, "h5"), ...captured } };
    const taken = step(regionIn("sending"), inputs["taken by the target"]);
    expect(taken.effects).toEqual([{ tag: "report", report: released }]);
    const again = step(taken.state, inputs["begin, the handoff"]);
    expect(again.effects).toEqual([{ tag: "report", report: released }]);
  });
});

describe("a frozen copy", () => {
  it("stays until the target serves", () => {
    const story = new Story();
    story.state = regionIn("frozen");
    expect(story.tell(assigned(6, b, "h5"))).toBe("frozen 5");
    expect(story.tell(hostedBy(b, 6))).toBe("none, drop 5, forget h5");
  });

  it("serves again where the target never did", () => {
    const story = new Story();
    story.state = regionIn("frozen");
    story.tell(assigned(6, b, "h5"));
    expect(story.tell(assigned(7, a, "h5", a))).toBe(
      "serving 7, forget h5, reopen 7, shards-hosted 7",
    );
  });

  it("does not serve again once the target has: the shard starts without it", () => {
    const story = new Story();
    story.state = regionIn("frozen");
    story.tell(assigned(6, b, "h5"), hostedBy(b, 6));
    expect(story.tell(assigned(7, a))).toBe("serving 7, open 7, shards-hosted 7");
  });

  it("does not serve again by an order that says nothing of it, even where the log is behind", () => {
    const story = new Story();
    story.state = regionIn("frozen");
    // Whoever had epoch 6 may have served: what is frozen here is from before.
    expect(story.tell(order(7))).toBe("serving 7, drop 5, forget h5, open 7, shards-hosted 7");
  });

  it("serves again under the next epoch where the handoff was given up", () => {
    const story = new Story();
    story.state = regionIn("frozen");
    expect(story.tell(assigned(6, a))).toBe("serving 6, forget h5, reopen 6, shards-hosted 6");
  });
});

describe("a region whose life is evicted", () => {
  const evicted = entry({ type: "node-evicted", ...a, unreachedBy: ["b", "c"] });
  const restored = entry({ type: "node-restored", ...a });

  it("starts nothing, whatever it is told, and says so", () => {
    const story = new Story();
    story.tell(assigned(5, a), evicted);
    expect(story.tell(order(5))).toBe("none, shards-stopped 5");
    expect(story.tell(assigned(6, a))).toBe("none, shards-stopped 6");
    expect(story.tell(order(7, "h5", a))).toBe("none, shards-stopped 7");
    expect(story.tell(begin(7, "h7"))).toBe("none");
  });

  it("starts what it is given after it was restored, and nothing of what it has let go of", () => {
    const story = new Story();
    story.tell(assigned(5, a), evicted, restored);
    expect(story.tell(order(5))).toBe("none, host-refused 5");
    expect(story.tell(assigned(6, a))).toBe("serving 6, open 6, shards-hosted 6");
  });

  it("lets go of what it was given since, where it reads of its eviction late, and never serves that again", () => {
    const story = new Story();
    story.tell(assigned(5, a), order(6));
    expect(story.tell(evicted)).toBe("none, drop 6, shards-stopped 6");
    expect(story.tell(restored, assigned(6, a))).toBe("none, host-refused 6");
    expect(story.tell(assigned(7, a))).toBe("serving 7, open 7, shards-hosted 7");
  });

  it("learns from the rows what it has not read in the log", () => {
    const story = new Story();
    story.tell(assigned(5, a));
    expect(story.tell({ tag: "standing", isEvicted: true })).toBe("none, drop 5, shards-stopped 5");
    expect(story.tell({ tag: "standing", isEvicted: true })).toBe("none");
    story.tell({ tag: "standing", isEvicted: false });
    expect(story.tell(assigned(6, a))).toBe("serving 6, open 6, shards-hosted 6");
  });

  it("goes on in another life of its node", () => {
    const story = new Story();
    story.tell(
      assigned(5, a),
      entry({ ...{ type: "node-evicted", nodeId: "a" }, incarnation: "a-0", unreachedBy: [] }),
    );
    expect(story.state.isEvicted).toBe(false);
  });
});

describe("state that arrives", () => {
  it("after its handoff was given up is forgotten", () => {
    const story = new Story();
    story.tell(assigned(6, b));
    expect(story.tell(arrives(5, "h5"))).toBe("none, forget h5");
    expect(story.state.arrived.size).toBe(0);
  });

  it("is forgotten when its handoff is given up later", () => {
    const story = new Story();
    story.tell(arrives(5, "h5"));
    expect(story.tell(assigned(6, b))).toBe("none, forget h5");
  });
});

describe("a region", () => {
  it("steps what waits in order, as one batch", () => {
    const story = new Story();
    expect(story.tell(assigned(5, a), vacates(5), assigned(6, a))).toBe(
      "serving 6, open 5, shards-hosted 5, drop 5, open 6, shards-hosted 6",
    );
  });

  it("takes 10,000 orders in one batch without copying its maps for each", () => {
    const orders = Array.from({ length: 10_000 }, (_, shard) => ({
      ...{ tag: "host", order: { group: "g", shard, epoch: 1, carried: null } },
    })) satisfies RegionInput[];
    const startMs = performance.now();
    const turn = step(emptyRegion(a), ...orders);
    expect(turn.state.held.size).toBe(10_000);
    expect(performance.now() - startMs).toBeLessThan(1_000);
  });
});
