import type { NodeForecast } from "@leasehold/sharding/observe";
import { count } from "../../live/say.ts";

const width = 1000;
const height = 100;

/** Shards per node, the fullest first: a line for now, bars for after. At most a hundred bars are told apart. */
export function Distribution({ nodes }: { readonly nodes: readonly NodeForecast[] }) {
  const sorted = [...nodes].sort((a, b) => b.before - a.before || b.after - a.after);
  const most = Math.max(1, ...sorted.flatMap(({ before, after }) => [before, after]));
  const step = width / Math.max(1, sorted.length);
  const gap = Math.min(2, step / 5);
  const y = (value: number): number => height - (value / most) * (height - 4);
  const line = sorted
    .map(({ before }, i) => `${i === 0 ? "M" : "L"}${i * step} ${y(before)}H${(i + 1) * step}`)
    .join("");
  const range = (key: "before" | "after"): string => {
    const values = sorted.map((it) => it[key]);
    return `from ${count(Math.min(...values))} to ${count(Math.max(...values))}`;
  };
  return (
    <figure className="px-(--gutter) pb-3" data-testid="plan-distribution">
      <div className="grid grid-cols-[auto_1fr] gap-2">
        <span className="n flex flex-col justify-between text-right text-[10px] text-fg-2 leading-3">
          <span>{count(most)}</span>
          <span>0</span>
        </span>
        <svg
          className="h-28 w-full"
          viewBox={`0 0 ${width} ${height}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`Shards a node: now ${range("before")}, after ${range("after")}`}
        >
          {sorted.map(({ nodeId, after }, i) => (
            <rect
              key={nodeId}
              x={i * step + gap}
              width={step - 2 * gap}
              y={y(after)}
              height={height - y(after)}
              className="fill-line-3 opacity-60"
            />
          ))}
          <path
            d={line}
            className="fill-none stroke-fg-0"
            strokeWidth="1.5"
            vectorEffect="non-scaling-stroke"
          />
        </svg>
      </div>
      <figcaption className="flex justify-between pt-1 pl-8 text-1 text-fg-2">
        <span>fullest now</span>
        <span>emptiest now</span>
      </figcaption>
    </figure>
  );
}
