import Link from "next/link";
import type { MouseEvent } from "react";
import { Glyph } from "../../../ui/glyph.tsx";
import { SectionHead } from "../../../ui/section.tsx";
import type { LabScenario } from "../../../wire/lab.ts";
import { numberOf, verdictLook } from "../run/run.model.ts";

/** What can be tried. The mark is the last run's verdict; a lock says that it cannot run here. */
export function ScenarioList(props: {
  readonly scenarios: readonly LabScenario[];
  readonly chosen: string | undefined;
  readonly running: string | undefined;
}) {
  return (
    <nav aria-label="Scenarios">
      <SectionHead title="Scenarios" />
      <ol className="lab-list">
        {props.scenarios.map((it) => (
          <li key={it.id}>
            <Link
              href={`/lab?scenario=${it.id}`}
              prefetch={false}
              onClick={choose}
              data-testid="scenario"
              data-id={it.id}
              aria-current={it.id === props.chosen ? "true" : undefined}
            >
              <span className="n text-1 text-fg-2">{numberOf(it.id)}</span>
              <span className="truncate">{it.name}</span>
              <Mark scenario={it} isRunning={it.id === props.running} />
            </Link>
          </li>
        ))}
      </ol>
    </nav>
  );
}

/** Without the server, which has nothing to add: the choice is seen at once. */
function choose(event: MouseEvent<HTMLAnchorElement>): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  history.replaceState(null, "", event.currentTarget.href);
}

function Mark(props: { readonly scenario: LabScenario; readonly isRunning: boolean }) {
  const { last, availability } = props.scenario;
  if (props.isRunning) return <Said glyph="pie" tone="handoff" words="runs now" />;
  if (!availability.available) return <Said glyph="lock" tone="unknown" words="cannot run here" />;
  if (last === null) return null;
  const { glyph, tone, word } = verdictLook[last];
  return <Said glyph={glyph} tone={tone} words={`last run: ${word}`} />;
}

function Said(props: {
  readonly glyph: Parameters<typeof Glyph>[0]["name"];
  readonly tone: Parameters<typeof Glyph>[0]["tone"];
  readonly words: string;
}) {
  return (
    <span title={props.words}>
      <Glyph name={props.glyph} tone={props.tone} />
      <span className="sr-only">, {props.words}</span>
    </span>
  );
}
