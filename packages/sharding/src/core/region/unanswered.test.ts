import { describe, expect, it } from "vitest";
import { emptyCluster, type ShardRow } from "../cluster.ts";
import { emptyRegion, type HeldPhase, type RegionState } from "../region.ts";
import { unansweredReports } from "./unanswered.ts";

const a = { nodeId: "a", incarnation: "a-1" };
const b = { nodeId: "b", incarnation: "b-1" };
const ref = { group: "g", shard: 0 };
const captured = { digest: "d", size: 9 };
const handoff = { handoffId: "h5", to: b };

const rows = {
  starting: { state: "starting", epoch: 5, pinned: false, owner: a, carried: null },
  hosted: { state: "hosted", epoch: 5, pinned: false, owner: a },
  "handing-off": {
    ...{ state: "handing-off", epoch: 5, pinned: false, owner: a },
    handoff: { id: "h5", to: b, planId: null },
  },
} as const satisfies Record<string, ShardRow>;

const phases = {
  serving: { phase: "serving" },
  copying: { phase: "copying", ...handoff },
  draining: { phase: "draining", ...handoff },
  sending: { phase: "sending", ...handoff, ...captured },
  frozen: { phase: "frozen", ...handoff, ...captured },
} as const satisfies Record<HeldPhase["phase"], HeldPhase>;

function region(phase: keyof typeof phases | "none", isEvicted = false): RegionState {
  const held = phase === "none" ? [] : [["g/0", { ...ref, epoch: 5, ...phases[phase] }] as const];
  return { ...emptyRegion(a), held: new Map(held), highest: new Map([["g/0", 5]]), isEvicted };
}

const said = (state: RegionState, row: ShardRow): string => {
  const cluster = { ...emptyCluster("h"), shards: new Map([["g", [row]]]) };
  return unansweredReports(state, cluster)
    .map(({ tag, item }) => `${tag} ${item.epoch}`)
    .join();
};

describe("what is unanswered", () => {
  const table: Record<keyof typeof rows, Record<keyof typeof phases | "none", string>> = {
    starting: {
      none: "host-refused 5",
      serving: "shards-hosted 5",
      ...{ copying: "", draining: "", sending: "", frozen: "" },
    },
    hosted: {
      none: "shards-stopped 5",
      ...{ serving: "", copying: "", draining: "", sending: "", frozen: "" },
    },
    "handing-off": {
      ...{ none: "shards-stopped 5", serving: "handoffs-failed 5" },
      ...{ copying: "", draining: "", sending: "" },
      frozen: "shards-released 5",
    },
  };
  for (const [state, cells] of Object.entries(table)) {
    for (const [phase, expected] of Object.entries(cells)) {
      it(`${state}, ${phase} here: ${expected || "nothing"}`, () => {
        const held = region(phase as keyof typeof phases | "none");
        expect(said(held, rows[state as keyof typeof rows])).toBe(expected);
      });
    }
  }

  it.each(Object.keys(rows))("of an evicted life that holds nothing: %s is stopped", (state) => {
    expect(said(region("none", true), rows[state as keyof typeof rows])).toBe("shards-stopped 5");
  });

  it("a release is said by an evicted life as well", () => {
    expect(said(region("frozen", true), rows["handing-off"])).toBe("shards-released 5");
  });

  it("nothing about an epoch that was not seen here, or about another's shard", () => {
    const later = { ...rows.starting, epoch: 6 };
    expect(said(region("none"), later)).toBe("");
    expect(said(region("none", true), later)).toBe("");
    expect(said(region("serving"), later)).toBe("");
    expect(said(region("serving"), { ...rows.starting, owner: b })).toBe("");
    expect(
      said(region("frozen"), { ...rows["handing-off"], owner: { ...a, incarnation: "a-2" } }),
    ).toBe("");
  });

  it("no release of another handoff than the row's", () => {
    const other = { ...rows["handing-off"], handoff: { id: "h6", to: b, planId: null } };
    expect(said(region("frozen"), other)).toBe("");
  });
});
