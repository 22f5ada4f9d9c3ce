import { count } from "../../live/say.ts";
import type { NodeChange } from "./plan.model.ts";

const shown = 14;

/** Shards per node, now and after: a ring, a line, a dot. */
export function Changes(props: {
  readonly changes: readonly NodeChange[];
  readonly limit?: number;
}) {
  const { changes, limit = shown } = props;
  if (changes.length === 0) {
    return (
      <p className="text-2 px-(--gutter) pb-4 text-fg-2">No node's number of shards changes.</p>
    );
  }
  const most = Math.max(1, ...changes.flatMap((it) => [it.before, it.after]));
  const place = (value: number): string => `${2 + (value / most) * 96}%`;
  return (
    <ul className="px-(--gutter) pb-4" aria-label="Change of shard count per node">
      {changes.slice(0, limit).map((it) => (
        <li
          key={it.nodeId}
          data-testid="plan-change"
          data-node-id={it.nodeId}
          className="text-2 grid min-h-[29px] grid-cols-[minmax(92px,18%)_1fr_120px] items-center gap-3"
        >
          <span className="min-w-0">
            <span className="n text-fg-0">{it.nodeId}</span>
            {it.why != null && <span className="block pb-1 text-1 text-fg-2">{it.why}</span>}
          </span>
          <span className="relative h-3" aria-hidden="true">
            <i className="absolute top-1/2 left-0 h-px w-full bg-line-1" />
            <i
              className="absolute top-1/2 h-0.5 -translate-y-1/2 bg-line-3"
              style={{
                left: place(Math.min(it.before, it.after)),
                width: `${(Math.abs(it.after - it.before) / most) * 96}%`,
              }}
            />
            <i
              className="absolute top-1/2 size-[9px] -translate-1/2 rounded-full border-[1.5px] border-fg-2 bg-bg-0"
              style={{ left: place(it.before) }}
            />
            <i
              className="absolute top-1/2 size-[9px] -translate-1/2 rounded-full bg-ink"
              style={{ left: place(it.after) }}
            />
          </span>
          <span className="n text-right">
            <span className="text-fg-2">{count(it.before)}</span> →{" "}
            <span className="text-fg-0">{count(it.after)}</span>{" "}
            <span className="inline-block min-w-[5ch] text-fg-2">
              {signOf(it.after - it.before)}
              {count(Math.abs(it.after - it.before))}
            </span>
          </span>
        </li>
      ))}
      {changes.length > limit && (
        <li className="text-2 pt-1 text-fg-2">and {changes.length - limit} more nodes</li>
      )}
    </ul>
  );
}

const signOf = (change: number): string => (change === 0 ? "" : change > 0 ? "+" : "−");
