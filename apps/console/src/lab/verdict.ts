import type { RunInvariant, RunVerdict } from "../wire/lab.ts";

/** What a verdict is made of. */
export interface Findings {
  readonly invariants: readonly RunInvariant[];
  /** What was not to happen by the scenario's own words, and did; in sentences. */
  readonly refuted: readonly string[];
  /** What the scenario was to do and did not come to pass, in sentences; not a breach of anything. */
  readonly notDone: readonly string[];
  /** Why the run ended before its end, or null. */
  readonly cutShort: string | null;
  /** What is worth a sentence where all is well. */
  readonly remarks: readonly string[];
}

/**
 * A violation is a violation however the run ended. Otherwise whatever was not done or not seen that the scenario needs
 * makes the verdict `not-observed`: a gap is never a pass.
 */
export function judge({ invariants, refuted, notDone, cutShort, remarks }: Findings): RunVerdict {
  const violated = invariants.filter((it) => it.verdict === "violated");
  const wrong = [...violated.map((it) => `${it.id} ${it.words}: ${it.breach ?? ""}`), ...refuted];
  if (wrong.length > 0) return { tag: "fail", reasons: wrong };
  const unseen = invariants.filter((it) => it.verdict !== "holds");
  const missing = [
    ...(cutShort === null ? [] : [cutShort]),
    ...notDone,
    ...unseen.filter((it) => it.essential).map(reasonOf),
  ];
  if (missing.length > 0) return { tag: "not-observed", reasons: missing };
  const held = invariants.length - unseen.length;
  const others = unseen.length === 0 ? "" : `, ${unseen.length} not observed`;
  const first = [`${held} invariants held${others}.`, ...remarks].join(" ");
  return { tag: "pass", reasons: [first, ...unseen.map(reasonOf)] };
}

const reasonOf = (it: RunInvariant): string =>
  `${it.id} ${it.words} was not observed: ${it.why ?? "the run ended before."}`;
