import { plural, say } from "../../live/say.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { Sentence } from "../../ui/sentence.tsx";
import { StateBadge } from "../../ui/state-badge.tsx";
import type { DaemonView } from "../../wire/daemons-view.ts";
import { daemonLook, runningOf, type Trouble, troublesOf } from "./daemon.model.ts";
import { Scale } from "./scale.tsx";
import { WorkerTable } from "./worker-table.tsx";

/** One daemon: how it is in a sentence, how many workers it shall have, and each of them. */
export function DaemonSection(props: {
  readonly daemon: DaemonView;
  readonly ageMs: number;
  /** Why nothing can be done with it now. */
  readonly off: string | null;
  readonly scaled: () => void;
}) {
  const { daemon, ageMs } = props;
  const troubles = troublesOf(daemon, ageMs);
  return (
    <section
      aria-label={daemon.daemon}
      data-testid="daemon"
      data-daemon={daemon.daemon}
      data-workers={daemon.workers}
      data-running={runningOf(daemon)}
      className="border-line-1 border-b [&_tbody>tr:last-child>td]:border-b-0"
    >
      <div className="flex flex-wrap items-center gap-2 px-(--gutter) pt-4 pb-1">
        <h2 className="n text-[18px] leading-[26px]">{daemon.daemon}</h2>
        <StateBadge look={daemonLook(daemon, ageMs)} />
        <span className="flex-1" />
        <Scale daemon={daemon} off={props.off} scaled={props.scaled} />
      </div>
      <div className="px-(--gutter) pb-3">
        {troubles.length === 0 ? (
          <p className="max-w-[100ch] text-fg-1" data-testid="daemon-sentence">
            <Sentence words={calm(daemon)} />
          </p>
        ) : (
          <Troubles troubles={troubles} />
        )}
      </div>
      {daemon.items.length > 0 && <WorkerTable daemon={daemon} ageMs={ageMs} />}
    </section>
  );
}

function calm({ workers, items }: DaemonView) {
  if (workers === 0) return say`It has no workers, by an operator's word.`;
  const nodes = new Set(items.map((it) => it.nodeId));
  return say`${plural(workers, "worker")} on ${plural(nodes.size, "node")}.`;
}

/** Above them the page would be a list of complaints. */
const shown = 8;

function Troubles({ troubles }: { readonly troubles: readonly Trouble[] }) {
  return (
    <ul className="max-w-[112ch] space-y-1">
      {troubles.slice(0, shown).map(({ key, look, words }) => (
        <li key={key} className="flex gap-2" data-testid="worker-trouble">
          <Glyph name={look.glyph} tone={look.tone} className="mt-1" />
          <span className="min-w-0 text-pretty wrap-anywhere">
            <Sentence words={words} />
          </span>
        </li>
      ))}
      {troubles.length > shown && (
        <li className="pl-5 text-fg-2">and {troubles.length - shown} more</li>
      )}
    </ul>
  );
}
