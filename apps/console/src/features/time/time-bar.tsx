import {
  ChevronsLeft,
  ChevronsRight,
  Link2,
  Pause,
  Play,
  StepBack,
  StepForward,
} from "lucide-react";
import { type ReactNode, useState } from "react";
import { toast } from "sonner";
import { count } from "../../live/say.ts";
import { useLive, useSummary } from "../../live/use-live.ts";
import { rates } from "../../tape/time-machine.ts";
import { Button } from "../../ui/button.tsx";
import { Glyph } from "../../ui/glyph.tsx";
import { useKey } from "../keys/use-key.ts";
import { spans, wallTimeMs } from "./bar.model.ts";
import { momentUrl } from "./moment-url.ts";
import { leap, step, time, useTime } from "./time.ts";
import { Track } from "./track.tsx";

/** The whole recording, on every page: go anywhere in it, step, play, and come back. */
export function TimeBar() {
  const [span, setSpan] = useState<number>(spans[2].ms);
  const cursor = useTime((it) => it.cursor);
  const isSeeking = useTime((it) => it.isSeeking);
  return (
    <section
      className="time"
      aria-label="Time"
      data-testid="time-bar"
      data-pos={cursor?.pos ?? ""}
      data-seeking={isSeeking}
    >
      <Transport isPast={cursor !== null} />
      <select
        className="time-select small:hidden"
        aria-label="Shown span"
        value={span}
        onChange={(event) => setSpan(Number(event.target.value))}
      >
        {spans.map((it) => (
          <option key={it.ms} value={it.ms}>
            {it.label}
          </option>
        ))}
      </select>
      <Track spanMs={span} />
      <Clock />
      {cursor === null ? (
        <AtLive />
      ) : (
        <Button kind="primary" testId="return-to-live" onClick={() => time.toPresent()}>
          <Glyph name="dot" /> Return to live
        </Button>
      )}
      <CopyMoment />
    </section>
  );
}

function Transport({ isPast }: { readonly isPast: boolean }) {
  const isPlaying = useTime((it) => it.isPlaying);
  const rate = useTime((it) => it.rate);
  useKey("step-back", () => step(-1));
  useKey("step-on", isPast ? () => step(1) : null);
  useKey("violation-back", () => leap("previous"));
  useKey("violation-on", isPast ? () => leap("next") : null);
  // In the past there is nothing to hold: the same key plays it.
  useKey("pause", isPast ? () => (isPlaying ? time.pause() : time.play()) : null);
  const icon = (label: string, onClick: () => void, body: ReactNode, isOff = false) => (
    <button
      type="button"
      className="btn"
      title={label}
      aria-label={label}
      disabled={isOff}
      onClick={onClick}
    >
      {body}
    </button>
  );
  const size = { className: "size-3.5", strokeWidth: 1.8, "aria-hidden": true } as const;
  return (
    <div className="time-buttons">
      {icon("Previous fault or violation", () => leap("previous"), <ChevronsLeft {...size} />)}
      {icon("One event back", () => step(-1), <StepBack {...size} />)}
      {isPlaying
        ? icon("Pause", () => time.pause(), <Pause {...size} />)
        : icon("Play", () => time.play(), <Play {...size} />, !isPast)}
      {icon("One event on", () => step(1), <StepForward {...size} />, !isPast)}
      {icon("Next fault or violation", () => leap("next"), <ChevronsRight {...size} />, !isPast)}
      <select
        className="time-select phone:hidden"
        aria-label="Speed"
        value={rate}
        onChange={(event) => {
          const chosen = rates.find((it) => it === Number(event.target.value));
          if (chosen !== undefined) time.setRate(chosen);
        }}
      >
        {rates.map((it) => (
          <option key={it} value={it}>
            ×{it}
          </option>
        ))}
      </select>
    </div>
  );
}

/** The time that the pages show, to the millisecond, and the last entry of the log by then. */
function Clock() {
  const moment = useLive((it) => it.moment);
  const seq = useSummary()?.seq;
  // Rendered with each publication, which the present has ten times a second.
  useLive((it) => it.clockMs);
  return (
    <div className="time-clock" data-testid="time-clock">
      <div className="a" suppressHydrationWarning>
        {seq === undefined ? "--:--:--.---" : wallTimeMs(moment?.atMs ?? Date.now())}
      </div>
      <div className="b">event {seq === undefined ? "-" : count(seq)}</div>
    </div>
  );
}

function AtLive() {
  const state = useLive((it) => it.connection.state);
  const isLive = state === "live" || state === "lagging";
  return (
    <span className="time-live small:hidden" data-live={isLive}>
      <Glyph name={isLive ? "dot" : "clock"} tone={isLive ? "stable" : "unknown"} />
      {isLive ? "At live" : "Not live"}
    </span>
  );
}

function CopyMoment() {
  const cursor = useTime((it) => it.cursor);
  const copy = async (): Promise<void> => {
    const pos = cursor?.pos ?? (await time.newest());
    if (pos === null) {
      toast.error("Nothing is recorded yet.");
      return;
    }
    await navigator.clipboard.writeText(momentUrl(window.location.href, pos));
    toast.success("Copied: the address of this page at this moment.");
  };
  return (
    <Button
      className="small:hidden"
      testId="copy-moment"
      onClick={() => copy().catch((error: unknown) => time.fail(error))}
    >
      <Link2 className="size-3.5" strokeWidth={1.8} aria-hidden /> Copy moment
    </Button>
  );
}
