import { duration, type Sentence, say } from "../../../live/say.ts";
import type { Look } from "../../../ui/tone.ts";
import type { LabRun, RunInvariant, RunStep, RunVerdict } from "../../../wire/lab.ts";

type VerdictTag = RunVerdict["tag"];

export const verdictLook: Readonly<Record<VerdictTag, Look>> = {
  pass: { word: "PASS", glyph: "check", tone: "stable" },
  fail: { word: "FAIL", glyph: "tri", tone: "danger" },
  "not-observed": { word: "NOT OBSERVED", glyph: "question", tone: "unknown" },
};

export const invariantLook: Readonly<Record<RunInvariant["verdict"], Look>> = {
  holds: { word: "holds", glyph: "check", tone: "stable" },
  violated: { word: "violated", glyph: "tri", tone: "danger" },
  "not-observed": { word: "not observed", glyph: "question", tone: "unknown" },
  waits: { word: "waits", glyph: "pie", tone: "handoff" },
};

export const stepLook: Readonly<Record<RunStep["state"], Look>> = {
  waiting: { word: "to come", glyph: "ring", tone: "unknown" },
  running: { word: "now", glyph: "pie", tone: "handoff" },
  done: { word: "done", glyph: "check", tone: "stable" },
  failed: { word: "failed", glyph: "tri", tone: "danger" },
  skipped: { word: "skipped", glyph: "minus", tone: "unknown" },
};

/** How the run stands in one word: its verdict, or what can be said before there is one. */
export function headline(run: LabRun): Look {
  if (run.verdict !== null) return verdictLook[run.verdict.tag];
  const isViolated = run.invariants.some((it) => it.verdict === "violated");
  return isViolated
    ? { word: "VIOLATED", glyph: "tri", tone: "danger" }
    : { word: "HOLDING", glyph: "pie", tone: "handoff" };
}

/** Of a run that goes on: how many hold, and what is missing. */
export function soFar({ invariants }: LabRun): Sentence {
  const having = (verdict: RunInvariant["verdict"]): number =>
    invariants.filter((it) => it.verdict === verdict).length;
  const violated = invariants.filter((it) => it.verdict === "violated").map((it) => it.id);
  const open = having("not-observed") + having("waits");
  return violated.length > 0
    ? say`${violated.join(", ")} violated. ${having("holds")} hold, ${open} not observed yet.`
    : say`Nothing violated so far. ${having("holds")} hold, ${open} not observed yet.`;
}

/** What became of its own faults, and which others were set beside them. */
export function aftermath({ healed, blast }: LabRun): Sentence {
  const others = blast.otherFaults.length;
  const own = healed === null ? [] : say`Healed ${healed.healed}, residual ${healed.residual}. `;
  const beside = others === 0 ? [] : say`Beside it: ${blast.otherFaults.join(", ")}.`;
  return [...own, ...beside];
}

export interface FigureRow {
  readonly name: string;
  readonly value: string;
  readonly bound: string | null;
  /** Null where nothing was measured, or nothing is promised. */
  readonly isWithin: boolean | null;
}

/** What was measured, beside what it may be. */
export function figureRows({ figures: it, healed, invariants }: LabRun): readonly FigureRow[] {
  const { takeoverMs, takeoverBoundMs } = it;
  return [
    {
      name: "New owner after",
      value: takeoverMs === null ? "not measured" : duration(takeoverMs),
      bound: takeoverBoundMs === null ? null : `at most ${duration(takeoverBoundMs)}`,
      isWithin:
        takeoverMs === null || takeoverBoundMs === null ? null : takeoverMs <= takeoverBoundMs,
    },
    plain(
      "Longest pause of an entity",
      it.worstPauseMs === null ? null : duration(it.worstPauseMs),
    ),
    plain("Late writes fenced", lateWrites(it.fencedWrites, invariants)),
    plain("Calls of the probe", it.calls.toLocaleString("en")),
    plain("Failed, not executed", it.failedCalls.toLocaleString("en")),
    plain("Outcome unknown", it.unknownCalls.toLocaleString("en")),
    {
      name: "Faults left behind",
      value: healed === null ? "not known yet" : String(healed.residual),
      bound: "none",
      isWithin: healed === null ? null : healed.residual === 0,
    },
  ];
}

/** Without a number nothing is claimed, unless the fence is known to hold: then there was nothing to fence. */
function lateWrites(fenced: number | null, invariants: LabRun["invariants"]): string | null {
  if (fenced !== null) return String(fenced);
  const verdict = invariants.find((it) => it.id === "S4")?.verdict;
  if (verdict === "violated") return "not all: see S4";
  return verdict === "holds" ? "none was tried" : null;
}

const plain = (name: string, value: string | null): FigureRow => ({
  name,
  value: value ?? "not observed",
  bound: null,
  isWithin: null,
});

/** Enough of it to tell runs apart. */
export const shortId = (id: string): string => id.slice(0, 8);

/** `X2` is `02`: how scenarios are numbered in lists. */
export const numberOf = (scenario: string): string => scenario.slice(1).padStart(2, "0");
