import { count, duration } from "../../live/say.ts";
import type { Summary } from "../../live/summary.ts";
import { live } from "../../live/use-live.ts";
import { Figure } from "../../ui/section.tsx";
import type { PreviewAnswer } from "../../wire/plan-preview.ts";
import { entitiesMoved, estimateMs, handoffTimes } from "./estimate.model.ts";

/** A plan in seven numbers. What nobody has measured is said to be so. */
export function PreviewFigures(props: {
  readonly answer: PreviewAnswer;
  readonly summary: Summary;
}) {
  const { answer, summary } = props;
  const { moves, nodes, movesInFlight, leftOut } = answer;
  const times = handoffTimes(live.mirror.log.entries);
  const entities = entitiesMoved(moves, summary.nodes);
  const most = (key: "before" | "after") => Math.max(0, ...nodes.map((it) => it[key]));
  const { total } = summary.totals;
  const share = total === 0 ? "" : `${((moves.length / total) * 100).toFixed(1)} % of shards`;
  return (
    <dl className="figs" data-testid="plan-summary">
      <Figure
        label="Moves"
        value={count(moves.length)}
        note={leftOut > 0 ? `${count(leftOut)} more left out` : share}
      />
      <Figure
        label="Spread σ"
        value={<FromTo from={answer.spreadBefore.toFixed(1)} to={answer.spreadAfter.toFixed(1)} />}
        note="by weight"
      />
      <Figure
        label="Most loaded"
        value={<FromTo from={count(most("before"))} to={count(most("after"))} />}
        note="shards"
      />
      <Figure
        label="Takes about"
        value={times === null ? "–" : brief(estimateMs(moves.length, movesInFlight, times))}
        note={
          times === null
            ? "no handoff measured yet"
            : `${movesInFlight} at a time, p50 ${times.p50Ms.toFixed(0)} ms`
        }
      />
      <Figure
        label="Entities paused"
        value={entities === null ? "–" : `≈ ${count(entities)}`}
        note={entities === null ? "not heard" : "by node average"}
      />
      <Figure label="Failed requests" value="0" note="expected: they wait" />
      <Figure
        label="Blocked"
        value={count(answer.blockedTotal)}
        note={answer.blockedTotal > 0 ? "see below" : ""}
      />
    </dl>
  );
}

const brief = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : duration(ms));

const FromTo = ({ from, to }: { readonly from: string; readonly to: string }) => (
  <>
    <span className="text-fg-2">{from}</span> → {to}
  </>
);
