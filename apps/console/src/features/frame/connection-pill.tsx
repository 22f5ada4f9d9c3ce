import { count, duration } from "../../live/say.ts";
import { useLive } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { connectionLook, historicalLook } from "../../ui/tone.ts";

export function ConnectionPill() {
  const isPast = useLive((it) => it.moment !== null);
  return isPast ? <HistoricalPill /> : <PresentPill />;
}

function HistoricalPill() {
  return (
    <span
      className="pill"
      role="status"
      aria-label="Connection: historical"
      aria-live="off"
      data-tone="history"
      data-testid="conn-pill"
      data-state="historical"
    >
      <Glyph name={historicalLook.glyph} tone={historicalLook.tone} />
      <b>{historicalLook.word}</b>
    </span>
  );
}

function PresentPill() {
  const connection = useLive((it) => it.connection);
  const nowMs = useLive((it) => it.clockMs);
  const { state, lagMs, appliedSeq, lastLiveMs } = connection;
  const look = connectionLook[state];
  const isCurrent = state === "live" || state === "lagging";
  const age = isCurrent || lastLiveMs === null ? null : duration(nowMs - lastLiveMs);
  const lag = lagText(lagMs);
  const name = isCurrent ? `${state}, lag ${lag}` : age === null ? state : `${state} for ${age}`;
  return (
    <span
      className="pill"
      role="status"
      aria-label={`Connection: ${name}`}
      aria-live="off"
      data-tone={toneOfPill(look.tone)}
      data-testid="conn-pill"
      data-state={state}
    >
      <Glyph name={look.glyph} tone={look.tone} />
      <b>{look.word}</b>
      {state !== "loading" && (
        <span className="small:hidden">
          <span className="k">seq</span>{" "}
          <span className="n v min-w-[7ch] text-left!" data-testid="conn-seq">
            {count(appliedSeq)}
          </span>
        </span>
      )}
      {isCurrent && (
        <span className="small:hidden">
          <span className="k">lag</span> <span className="n v min-w-[6ch] text-left!">{lag}</span>
        </span>
      )}
      {age !== null && <span className="n">{age}</span>}
    </span>
  );
}

const lagText = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : duration(ms));

const toneOfPill = (tone: string): string | undefined =>
  tone === "stable" || tone === "handoff" ? undefined : tone;
