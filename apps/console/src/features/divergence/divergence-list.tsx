import Link from "next/link";
import { duration, plain } from "../../live/say.ts";
import type { DivergenceSummary } from "../../live/summary.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { Sentence } from "../../ui/sentence.tsx";
import { StateBadge } from "../../ui/state-badge.tsx";
import { stateLook } from "../../ui/tone.ts";

/** Where belief and authority differ, in sentences, worst first. */
export function DivergenceList(props: {
  readonly divergence: DivergenceSummary;
  readonly limit: number;
}) {
  const items = props.divergence.items.slice(0, props.limit);
  const rest = props.divergence.total - items.length;
  if (items.length === 0) {
    return (
      <p className="text-2 flex items-center gap-2 border-line-1 border-t px-(--gutter) py-2.5">
        <Glyph name="agree" tone="stable" /> Every node believes what Postgres says.
      </p>
    );
  }
  return (
    <>
      <ul aria-label="Divergence" data-testid="divergence-list">
        {items.map((it) => (
          <li
            key={it.key}
            data-testid="divergence-item"
            data-class={it.class}
            data-shard-id={it.shard === null ? "" : `${it.shard.group}/${it.shard.shard}`}
            data-node-id={it.nodeId ?? ""}
            className="grid grid-cols-[128px_minmax(0,1fr)_auto] items-baseline gap-x-3 gap-y-0.5 border-line-1 border-t px-(--gutter) py-2 small:grid-cols-[1fr_auto]"
          >
            <StateBadge look={stateLook[it.class]} flat />
            <p className="text-[12.5px] leading-[18px] small:col-span-2 small:row-start-2">
              <Link href={hrefOf(it)} prefetch={false} aria-label={plain(it.sentence)}>
                <Sentence words={it.sentence} />
              </Link>
            </p>
            <span className="n text-2 text-fg-2">{duration(it.forMs)}</span>
          </li>
        ))}
      </ul>
      {rest > 0 && (
        <p className="text-2 border-line-1 border-t px-(--gutter) py-2 text-fg-2">
          and {rest.toLocaleString("en-US")} more
        </p>
      )}
    </>
  );
}

function hrefOf(it: DivergenceSummary["items"][number]): string {
  if (it.shard === null) return `/nodes/${it.nodeId}`;
  return `/shards/${it.shard.group}/${it.shard.shard}`;
}
