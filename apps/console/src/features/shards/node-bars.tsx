import Link from "next/link";
import type { NodeView } from "../../live/node-row.ts";
import { count } from "../../live/say.ts";
import { live } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { nodeLook, stateLook, textClass } from "../../ui/tone.ts";
import { barOf } from "./node-bars.model.ts";

/** The map on a phone: a bar for each node, and in words what of it is not stable. */
export function NodeBars({ nodes }: { readonly nodes: readonly NodeView[] }) {
  const most = Math.max(1, ...nodes.map((it) => it.owned));
  const homeless = barOf(live.mirror, "");
  return (
    <ul aria-label="Shards by node" data-testid="node-bars">
      {homeless.owned > 0 && (
        <li className="flex h-10 items-center gap-2 px-(--gutter) text-warning-text">
          <Glyph name="ring" tone="warning" /> no home
          <span className="n ml-auto">{count(homeless.owned)}</span>
        </li>
      )}
      {nodes.map((it) => (
        <Bar key={it.nodeId} node={it} most={most} />
      ))}
    </ul>
  );
}

function Bar({ node, most }: { readonly node: NodeView; readonly most: number }) {
  const { stable, others, owned, believedOnly } = barOf(live.mirror, node.nodeId);
  const look = nodeLook[node.condition];
  const part = (value: number): string => `${(value / most) * 100}%`;
  return (
    <li
      className="border-line-1 border-t px-(--gutter) py-2"
      data-testid="node-bar"
      data-node-id={node.nodeId}
      data-owned={owned}
    >
      <div className="grid grid-cols-[112px_minmax(0,1fr)_5ch] items-center gap-2">
        <Link
          prefetch={false}
          href={`/nodes/${node.nodeId}`}
          className="flex min-h-7 items-center gap-1.5 font-semibold text-fg-0"
        >
          <Glyph name={look.glyph} tone={look.tone} />
          <span className="truncate">{node.nodeId}</span>
        </Link>
        <span className="flex h-1.5" aria-hidden="true">
          <i className="bg-stable-fill" style={{ width: part(stable) }} />
          <i className="bel-gap" style={{ width: part(owned - stable) }} />
        </span>
        <span className="n text-right text-fg-0">{count(owned)}</span>
      </div>
      <p className="text-1 flex flex-wrap gap-x-3 pl-[18px] text-fg-2">
        <span className={look.tone === "stable" ? "" : textClass[look.tone]}>{look.word}</span>
        {others.map((it) => (
          <span key={it.state} className={textClass[stateLook[it.state].tone]}>
            <Glyph
              name={stateLook[it.state].glyph}
              tone={stateLook[it.state].tone}
              className="mr-1 size-2.5 align-[-1px]"
            />
            {stateLook[it.state].word} <span className="n">{count(it.count)}</span>
          </span>
        ))}
        {believedOnly > 0 && (
          <span>
            also believes <span className="n">{count(believedOnly)}</span>
          </span>
        )}
      </p>
    </li>
  );
}
