import { useState } from "react";
import type { DivergenceClass } from "../../live/classify.ts";
import { plural } from "../../live/say.ts";
import { useSummary } from "../../live/use-live.ts";
import { Segmented } from "../../ui/segmented.tsx";
import type { TapeBucket } from "../../wire/tape.ts";
import { wallTime } from "../time/bar.model.ts";
import { time } from "../time/time.ts";
import { useBar } from "../time/use-bar.ts";

const spans = [
  { value: "900000", label: "15 min" },
  { value: "3600000", label: "1 h" },
  { value: "86400000", label: "24 h" },
] as const;
const columns = 120;
const height = 40;

/** How many beliefs differed, over time: from the recording, so also while nobody looked. A press goes there. */
export function DivergenceChart({ only }: { readonly only: DivergenceClass | null }) {
  const [span, setSpan] = useState<(typeof spans)[number]["value"]>("900000");
  const reading = useBar(Number(span), columns);
  const buckets = reading?.bar.buckets ?? [];
  const counts = buckets.map((it) => countOf(it, only));
  const most = Math.max(1, ...counts);
  // The recording is read every few seconds; what differs right now counts, too.
  const { total = 0, byClass } = useSummary()?.divergence ?? {};
  const peak = Math.max(only === null ? total : (byClass?.get(only) ?? 0), ...counts);
  return (
    <figure className="border-line-1 border-b px-(--gutter) py-2" data-testid="divergence-chart">
      <figcaption className="text-1 flex items-center gap-3 pb-1 text-fg-2">
        <span>
          {only ?? "All classes"} over time: at most <b className="n text-fg-0">{peak}</b> at once
        </span>
        <span className="ml-auto">
          <Segmented label="Span" value={span} options={spans} change={setSpan} />
        </span>
      </figcaption>
      <div className="flex h-10 items-end border-line-2 border-b" aria-hidden="true">
        {buckets.map((it, index) => (
          <button
            key={it.fromMs}
            type="button"
            tabIndex={-1}
            className={`flex h-full flex-1 flex-col justify-end hover:bg-bg-2 ${it.isGap ? "bel-gap opacity-40" : ""}`}
            title={`${wallTime(it.fromMs)} ${it.isGap ? "not recorded" : plural(counts[index] ?? 0, "belief")}`}
            onClick={() => go(it)}
          >
            <span
              className={`mt-auto block ${it.danger > 0 ? "bg-danger-mark" : "bg-warning-mark"}`}
              style={{ height: barHeight(counts[index] ?? 0, most) }}
            />
          </button>
        ))}
      </div>
      <div className="n text-1 flex justify-between text-fg-2">
        <span>{reading === null ? "" : wallTime(reading.window.fromMs)}</span>
        <span>{reading === null ? "Not recorded yet." : wallTime(reading.window.toMs)}</span>
      </div>
    </figure>
  );
}

function go(it: TapeBucket): void {
  time.goToTime(it.fromMs).catch((error: unknown) => time.fail(error));
}

const barHeight = (count: number, most: number): number =>
  count === 0 ? 0 : Math.max(2, Math.sqrt(count / most) * height);

function countOf(it: TapeBucket, only: DivergenceClass | null): number {
  if (only === null) return it.divergent;
  return it.classes[only] ?? 0;
}
