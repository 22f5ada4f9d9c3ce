import { describe, expect, test } from "vitest";
import type { RunInvariant } from "../wire/lab.ts";
import { judge } from "./verdict.ts";

const invariant = (
  id: RunInvariant["id"],
  verdict: RunInvariant["verdict"],
  more: Partial<RunInvariant> = {},
): RunInvariant => ({
  ...{ id, verdict, words: "w", essential: true, checks: 1, figure: "1", breach: null, why: null },
  ...more,
});
const fine = { refuted: [], notDone: [], cutShort: null, remarks: [] };
const held = [invariant("S1", "holds"), invariant("S5", "holds")];
const violated = invariant("S4", "violated", { breach: "Event 11." });
const unseen = (essential: boolean) =>
  invariant("S8", "not-observed", { essential, why: "nobody looked." });

describe("the verdict", () => {
  test.each([
    ["all hold", { ...fine, invariants: held }, "pass", "2 invariants held."],
    [
      "what the scenario does not need was not seen",
      { ...fine, invariants: [...held, unseen(false)] },
      "pass",
      "2 invariants held, 1 not observed.",
    ],
    [
      "what it needs was not seen",
      { ...fine, invariants: [...held, unseen(true)] },
      "not-observed",
      "S8 w was not observed: nobody looked.",
    ],
    [
      "a liveness check still waits",
      { ...fine, invariants: [...held, invariant("L1", "waits")] },
      "not-observed",
      "L1 w was not observed: the run ended before.",
    ],
    [
      "a step was not done",
      { ...fine, invariants: held, notDone: ["It could not be cut."] },
      "not-observed",
      "It could not be cut.",
    ],
    [
      "it was stopped",
      { ...fine, invariants: held, cutShort: "mira stopped it." },
      "not-observed",
      "mira stopped it.",
    ],
    [
      "something happened that was not to happen",
      { ...fine, invariants: held, refuted: ["No call was to fail; 1 of 9 did."] },
      "fail",
      "No call was to fail; 1 of 9 did.",
    ],
    ["one is violated", { ...fine, invariants: [...held, violated] }, "fail", "S4 w: Event 11."],
    [
      "one is violated, and then it was stopped",
      { ...fine, invariants: [violated, unseen(true)], cutShort: "mira stopped it." },
      "fail",
      "S4 w: Event 11.",
    ],
  ] as const)("%s", (_name, findings, tag, reason) => {
    const verdict = judge(findings);
    expect([verdict.tag, verdict.reasons[0]]).toEqual([tag, reason]);
  });
});
