import { expect, test } from "vitest";
import { plain } from "../../../live/say.ts";
import { liveRun, passedRun } from "../../../testing/lab-fixtures.ts";
import type { LabRun, RunInvariant } from "../../../wire/lab.ts";
import { aftermath, figureRows, headline, soFar } from "./run.model.ts";

const withS1 = (run: LabRun, verdict: RunInvariant["verdict"]): LabRun => ({
  ...run,
  invariants: run.invariants.map((it) => (it.id === "S1" ? { ...it, verdict } : it)),
});

test.each([
  ["pass", "PASS", "stable"],
  ["fail", "FAIL", "danger"],
  ["not-observed", "NOT OBSERVED", "unknown"],
] as const)("an ended run's word is its verdict: %s", (tag, word, tone) => {
  expect(headline({ ...passedRun, verdict: { tag, reasons: ["x"] } })).toMatchObject({
    word,
    tone,
  });
});

test("a run that goes on is holding until something is violated, and says what is missing", () => {
  expect(headline(liveRun).word).toBe("HOLDING");
  expect(plain(soFar(liveRun))).toBe("Nothing violated so far. 8 hold, 3 not observed yet.");
  const broken = withS1(liveRun, "violated");
  expect(headline(broken)).toMatchObject({ word: "VIOLATED", tone: "danger" });
  expect(plain(soFar(broken))).toBe("S1 violated. 7 hold, 3 not observed yet.");
});

test("what is left behind is told, and what was broken beside the run", () => {
  expect(plain(aftermath(passedRun))).toBe("Healed 1, residual 0. Beside it: node-3: slow-link.");
  const alone = { ...passedRun, blast: { ...passedRun.blast, otherFaults: [] } };
  expect(plain(aftermath({ ...alone, healed: null }))).toBe("");
});

test("a figure stands beside its bound; what was not measured is neither within nor beyond it", () => {
  const within = (run: LabRun) =>
    Object.fromEntries(figureRows(run).map((it) => [it.name, it.isWithin]));
  expect(within(passedRun)).toMatchObject({ "New owner after": true, "Faults left behind": true });
  const late = { ...passedRun, figures: { ...passedRun.figures, takeoverMs: 6001 } };
  expect(within({ ...late, healed: { healed: 1, residual: 1 } })).toMatchObject({
    "New owner after": false,
    "Faults left behind": false,
  });
  expect(within(liveRun)).toMatchObject({ "New owner after": null, "Faults left behind": null });
  const [first] = figureRows(liveRun);
  expect(first).toMatchObject({ value: "not measured", bound: "at most 6.0 s" });
});

test("nothing is claimed of late writes but what S4 shows", () => {
  const told = (fencedWrites: number | null, verdict: RunInvariant["verdict"]) => {
    const figures = { ...passedRun.figures, fencedWrites };
    const invariants = passedRun.invariants.map((it) => (it.id === "S4" ? { ...it, verdict } : it));
    const rows = figureRows({ ...passedRun, figures, invariants });
    return rows.find((it) => it.name === "Late writes fenced")?.value;
  };
  expect(told(4, "holds")).toBe("4");
  expect(told(null, "holds")).toBe("none was tried");
  expect(told(null, "violated")).toBe("not all: see S4");
  expect(told(null, "not-observed")).toBe("not observed");
});
