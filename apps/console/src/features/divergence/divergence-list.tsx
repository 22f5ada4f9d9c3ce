import Link from "next/link";
import type { DivergenceList as Differences, DivergenceItem } from "../../live/differences.ts";
import { count, duration, plain, plural } from "../../live/say.ts";
import { useSummary } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { useHeldRows } from "../../ui/rows/use-hold.ts";
import { Sentence } from "../../ui/sentence.tsx";
import { StateBadge } from "../../ui/state-badge.tsx";
import { stateLook } from "../../ui/tone.ts";
import { WhyNode } from "../nodes/why-node.tsx";

/** Where belief and authority differ, in sentences, worst first. */
export function DivergenceList(props: {
  readonly divergence: Differences;
  readonly limit: number;
  /** Which of them are asked for: another question is answered at once. */
  readonly question?: unknown;
  /** What it says when there are none. */
  readonly none?: string | undefined;
}) {
  const { none = "Every node believes what Postgres says." } = props;
  const items = props.divergence.items.slice(0, props.limit);
  const held = useHeldRows(items, keyOf, props.question, (it) => it.class);
  const rest = props.divergence.total - items.length;
  if (held.rows.length === 0) {
    return (
      <p className="text-2 flex items-center gap-2 border-line-1 border-t px-(--gutter) py-2.5">
        <Glyph name="agree" tone="stable" /> {none}
      </p>
    );
  }
  return (
    <>
      <div className="relative" {...held.handlers}>
        <ul aria-label="Divergence" data-testid="divergence-list">
          {held.rows.map(({ key, row, isGone }) => (
            <Row key={key} it={row} isGone={isGone} />
          ))}
        </ul>
        {held.changes > 0 && (
          <button
            type="button"
            className="btn absolute right-(--gutter) bottom-1"
            data-testid="apply-changes"
            data-count={held.changes}
            onClick={held.apply}
          >
            {plural(held.changes, "change")} · apply
          </button>
        )}
      </div>
      {rest > 0 && (
        <p className="text-2 border-line-1 border-t px-(--gutter) py-2 text-fg-2">
          and {count(rest)} more
        </p>
      )}
    </>
  );
}

const keyOf = (it: DivergenceItem): string => it.key;

function Row({ it, isGone }: { readonly it: DivergenceItem; readonly isGone: boolean }) {
  return (
    <li
      data-testid="divergence-item"
      data-class={it.class}
      data-shard-id={it.shard === null ? "" : `${it.shard.group}/${it.shard.shard}`}
      data-node-id={it.nodeId ?? ""}
      data-gone={isGone}
      className="grid grid-cols-[128px_minmax(0,1fr)_auto] items-baseline gap-x-3 gap-y-0.5 border-line-1 border-t px-(--gutter) py-2 small:grid-cols-[1fr_auto]"
    >
      <StateBadge look={stateLook[it.class]} flat />
      <p className="text-[12.5px] leading-[18px] small:col-span-2 small:row-start-2">
        <Link href={hrefOf(it)} prefetch={false} aria-label={plain(it.sentence)}>
          <Sentence words={it.sentence} />
        </Link>
        {it.nodeId !== null && !isGone && <WhyOfNode nodeId={it.nodeId} />}
      </p>
      <span className="n text-2 text-fg-2">{isGone ? "over" : duration(it.forMs)}</span>
    </li>
  );
}

/** What the node that is concerned says of its lease: the reason of most differences. */
function WhyOfNode({ nodeId }: { readonly nodeId: string }) {
  const node = useSummary()?.nodes.find((it) => it.nodeId === nodeId);
  return node === undefined ? null : <WhyNode node={node} />;
}

function hrefOf(it: DivergenceItem): string {
  if (it.shard === null) return `/nodes/${it.nodeId}`;
  return `/shards/${it.shard.group}/${it.shard.shard}`;
}
