import type { ReactNode } from "react";
import { count } from "../../../live/say.ts";
import { useSummary } from "../../../live/use-live.ts";
import { Glyph } from "../../../ui/glyph.tsx";
import { SectionHead } from "../../../ui/section.tsx";
import type { RunInvariant } from "../../../wire/lab.ts";
import { invariantLook } from "./run.model.ts";

interface Row extends Pick<RunInvariant, "words" | "verdict" | "figure" | "breach" | "why"> {
  readonly id: string;
}

/** What must hold throughout a run, and how often each was looked at. */
export function RunInvariants({ invariants }: { readonly invariants: readonly RunInvariant[] }) {
  const essential = invariants.filter((it) => it.essential).map((it) => it.id);
  return (
    <Invariants rows={invariants} meta="checked at each event">
      A figure is the number of checks, or the time until it held after the heal. A gap in
      observation is never a pass: without {essential.join(", ")} there is none.
    </Invariants>
  );
}

/** Between runs: what this page itself can see of the cluster. */
export function LiveInvariants() {
  const rows = useSummary()?.invariants.map((it) => ({
    ...it,
    verdict: it.verdict === "unknown" ? ("not-observed" as const) : it.verdict,
    figure: it.checks === null ? "" : count(it.checks),
    why: null,
  }));
  return (
    <Invariants rows={rows ?? []} meta="as this page sees them">
      A run checks more of them, with calls of its own that say what was acknowledged.
    </Invariants>
  );
}

function Invariants(props: {
  readonly rows: readonly Row[];
  readonly meta: string;
  readonly children: ReactNode;
}) {
  return (
    <section aria-label="What must hold">
      <SectionHead title="Invariants" meta={props.meta} />
      <ul className="run-invariants" aria-label="Invariants">
        {props.rows.map((it) => {
          const { word, glyph, tone } = invariantLook[it.verdict];
          const evidence = it.breach ?? it.why;
          return (
            <li
              key={it.id}
              data-testid="invariant"
              data-id={it.id}
              data-verdict={it.verdict}
              aria-label={`${it.id} ${it.words}: ${word}`}
            >
              <Glyph name={glyph} tone={tone} />
              <b className="n">{it.id}</b>
              <span>{it.words}</span>
              <span className="n text-right text-fg-2">{it.figure === "" ? word : it.figure}</span>
              {evidence !== null && (
                <p className={it.breach === null ? "text-fg-2" : "text-danger-text"}>{evidence}</p>
              )}
            </li>
          );
        })}
      </ul>
      <p className="text-2 border-line-1 border-t px-(--gutter) pt-2 pb-3 text-fg-2">
        {props.children}
      </p>
    </section>
  );
}
