import Link from "next/link";
import { Glyph } from "../../../ui/glyph.tsx";
import { SectionHead } from "../../../ui/section.tsx";
import { textClass } from "../../../ui/tone.ts";
import type { RunSummary } from "../../../wire/lab.ts";
import { numberOf, shortId, verdictLook } from "../run/run.model.ts";

const limit = 5;

/** The last few runs; the others are a page of their own. */
export function RecentRuns({ runs }: { readonly runs: readonly RunSummary[] }) {
  return (
    <nav aria-label="Runs">
      <SectionHead title="Runs">
        <Link href="/lab/runs">All</Link>
      </SectionHead>
      {runs.length === 0 && <p className="text-2 px-(--gutter) pb-3 text-fg-2">None yet.</p>}
      <ol className="lab-list">
        {runs.slice(0, limit).map((it) => {
          const look =
            it.verdict === null
              ? ({ word: "running", glyph: "pie", tone: "handoff" } as const)
              : verdictLook[it.verdict];
          return (
            <li key={it.id}>
              <Link
                href={`/lab/runs/${it.id}`}
                prefetch={false}
                title={it.reason ?? undefined}
                aria-label={`${shortId(it.id)}, ${it.name}: ${look.word.toLowerCase()}`}
              >
                <Glyph name={look.glyph} tone={look.tone} />
                <span className="truncate">
                  <span className="n">{numberOf(it.scenario)}</span>{" "}
                  <span className={textClass[look.tone]}>{look.word.toLowerCase()}</span>
                </span>
                <span className="n text-1 text-fg-2">
                  {new Date(it.startedAt).toLocaleTimeString("en-GB").slice(0, 5)}
                </span>
              </Link>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}
