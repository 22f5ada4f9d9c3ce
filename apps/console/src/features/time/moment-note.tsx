import { duration } from "../../live/say.ts";
import { useLive } from "../../live/use-live.ts";
import { Button } from "../../ui/button.tsx";
import { Glyph } from "../../ui/glyph.tsx";
import { wallTimeMs } from "./bar.model.ts";
import { time, useTime } from "./time.ts";

/** What makes the past unmistakable, and the way back. Null in the present. */
export function MomentNote() {
  const moment = useLive((it) => it.moment);
  const problem = useTime((it) => it.problem);
  useLive((it) => it.clockMs);
  if (problem !== null) {
    return (
      <div
        className="note bg-warning-soft"
        role="status"
        data-testid="note"
        data-code={problem.code}
      >
        <Glyph name="past" tone="warning" />
        <span>
          <b>{problem.title}</b> {problem.detail}
        </span>
        <span className="flex-1" />
        <Button onClick={() => time.toPresent()}>Go to live</Button>
      </div>
    );
  }
  if (moment === null) return null;
  return (
    <div className="note bg-history-soft" role="status" data-testid="note" data-historical>
      <Glyph name="past" tone="history" />
      <span>
        You look at <b className="n">{wallTimeMs(moment.atMs)}</b>,{" "}
        <b className="n">{duration(Math.max(0, Date.now() - moment.atMs))}</b> before now. Beliefs
        are as recorded then; actions are off.
      </span>
      <span className="flex-1" />
      <CompareButtons />
    </div>
  );
}

/** Keeps this moment, then compares it with where one goes next. */
function CompareButtons() {
  const pinned = useTime((it) => it.pinned);
  const cursor = useTime((it) => it.cursor);
  if (cursor === null) return null;
  const other = pinned === null || pinned.pos === cursor.pos ? "now" : String(pinned.pos);
  return (
    <span className="flex gap-1.5 small:hidden">
      {pinned === null ? (
        <Button testId="pin-moment" onClick={() => time.pin()}>
          Keep to compare
        </Button>
      ) : (
        <Button testId="unpin-moment" onClick={() => time.unpin()}>
          Forget <span className="n">{wallTimeMs(pinned.atMs)}</span>
        </Button>
      )}
      <a className="btn" href={`/compare?a=${cursor.pos}&b=${other}`} data-testid="compare">
        Compare with {other === "now" ? "now" : wallTimeMs(pinned?.atMs ?? 0)}
      </a>
    </span>
  );
}
