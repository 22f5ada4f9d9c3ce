import { live, useSummary, useWallNow } from "../../live/use-live.ts";
import { activityOf, bucketCount } from "./activity.model.ts";
import { clockTime } from "./entry-text.ts";

const spanMs = 300_000;

/** How much happened in the last five minutes, and what of it was somebody's end. */
export function ActivityChart() {
  useSummary();
  const untilMs = useWallNow();
  const buckets = activityOf(live.mirror.log.entries, untilMs - spanMs, untilMs);
  const most = Math.max(1, ...buckets.map((it) => it.total));
  const total = buckets.reduce((sum, it) => sum + it.total, 0);
  return (
    <figure
      className="border-line-1 border-b px-(--gutter) pt-2 pb-1"
      aria-label={`${total} entries in the last 5 minutes`}
    >
      <svg
        viewBox={`0 0 ${bucketCount * 4} 36`}
        preserveAspectRatio="none"
        className="block h-9 w-full"
        aria-hidden="true"
      >
        {buckets.map((it, index) => {
          const height =
            it.total === 0 ? 0 : Math.max(1, (Math.sqrt(it.total) / Math.sqrt(most)) * 30);
          const kind =
            it.deaths > 0
              ? "fill-danger-mark"
              : it.elections > 0
                ? "fill-warning-mark"
                : "fill-line-3";
          return (
            <rect
              key={index}
              x={index * 4}
              y={36 - height}
              width="3"
              height={height}
              className={kind}
            />
          );
        })}
        <rect x="0" y="35.5" width="100%" height=".5" className="fill-line-2" />
      </svg>
      <figcaption className="text-1 flex justify-between gap-4 text-fg-2">
        <span className="n">{clockTime(new Date(untilMs - spanMs).toISOString()).slice(0, 8)}</span>
        <span className="truncate phone:hidden">
          entries every 2 s, root scale · vermillion: a node died · orange: a coordinator was
          elected
        </span>
        <span>now</span>
      </figcaption>
    </figure>
  );
}
