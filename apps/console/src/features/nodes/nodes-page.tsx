"use client";
import { useVirtualizer } from "@tanstack/react-virtual";
import Link from "next/link";
import { useRef, useState } from "react";
import type { NodeView } from "../../live/node-row.ts";
import { count, duration, plural } from "../../live/say.ts";
import type { Summary } from "../../live/summary.ts";
import { useSummary } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import type { ExportColumn } from "../../ui/rows/export.model.ts";
import { TableTools } from "../../ui/rows/table-tools.tsx";
import { type UsedRows, useHeldRows } from "../../ui/rows/use-hold.ts";
import { SpacerRow } from "../../ui/spacer-row.tsx";
import { StateBadge } from "../../ui/state-badge.tsx";
import { nodeLook } from "../../ui/tone.ts";
import { NoNodes } from "../overview/overview-states.tsx";
import { NodeDetail } from "./node-detail.tsx";
import { WhyNode } from "./why-node.tsx";

export function NodesPage() {
  const summary = useSummary();
  const [chosen, setChosen] = useState<string | null>(null);
  if (summary === null) return <p className="page p-(--gutter) text-fg-2">Loading the cluster.</p>;
  if (summary.nodes.length === 0) return <NoNodes />;
  return <Nodes summary={summary} chosen={chosen} choose={setChosen} />;
}

function Nodes(props: {
  readonly summary: Summary;
  readonly chosen: string | null;
  choose(nodeId: string): void;
}) {
  const { chosen, choose } = props;
  const { nodes, retired } = props.summary;
  const held = useHeldRows(nodes, keyOf);
  const selected = nodes.find((it) => it.nodeId === chosen) ?? worstOf(nodes);
  const ready = nodes.filter((it) => it.condition === "ready").length;
  return (
    <div className="page flex flex-col">
      <div className="bar">
        <h1 className="text-4">Nodes</h1>
        <span className="text-2 text-fg-2">
          {plural(nodes.length, "member")} · {count(ready)} ready
          {nodes.length > ready && ` · ${nodes.length - ready} not`}
        </span>
        <span className="flex-1" />
        <TableTools
          name="nodes"
          columns={exported}
          rows={() => nodes}
          changes={held.changes}
          apply={held.apply}
        />
      </div>
      <NodeTable held={held} selected={selected?.nodeId ?? ""} select={choose} />
      {retired.length > 0 && <Retired nodes={retired} />}
      {selected !== undefined && <NodeDetail node={selected} isEmbedded />}
    </div>
  );
}

const rowHeight = 40;

/** A large cluster's rows scroll by themselves, so that the chosen node's details stay in reach. */
function NodeTable(props: {
  readonly held: UsedRows<NodeView>;
  readonly selected: string;
  select(nodeId: string): void;
}) {
  const { rows, handlers } = props.held;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 6,
  });
  const items = virtual.getVirtualItems();
  const most = Math.max(1, ...rows.map((it) => it.row.owned));
  return (
    <div ref={scroller} {...handlers} className="max-h-[64dvh] overflow-auto">
      <table className="tbl node-table" aria-label="Nodes" aria-rowcount={rows.length + 1}>
        <thead className="sticky top-0 z-1 bg-bg-0">
          <tr>
            <th>Node</th>
            <th>State</th>
            <th className="small:hidden">Zone</th>
            <th className="mid:hidden">Incarnation</th>
            <th>Shards</th>
            <th className="phone:hidden">Lease left</th>
            <th className="mid:hidden">Postgres answered</th>
            <th className="mid:hidden">Peers</th>
            <th className="r small:hidden">Requests/s</th>
            <th className="r small:hidden">p99</th>
            <th className="w-28 small:hidden">Belief</th>
            <th className="r phone:hidden">Heard</th>
          </tr>
        </thead>
        <tbody>
          <SpacerRow height={items[0]?.start ?? 0} />
          {items.map(({ index }) => {
            const it = rows[index];
            return it === undefined ? null : (
              <NodeRow
                key={it.key}
                node={it.row}
                isGone={it.isGone}
                at={index}
                most={most}
                isSelected={it.key === props.selected}
                select={props.select}
              />
            );
          })}
          <SpacerRow height={virtual.getTotalSize() - (items.at(-1)?.end ?? 0)} />
        </tbody>
      </table>
    </div>
  );
}
const keyOf = (it: NodeView): string => it.nodeId;

const exported: readonly ExportColumn<NodeView>[] = [
  { name: "node", of: (it) => it.nodeId },
  { name: "state", of: (it) => it.condition },
  { name: "coordinator", of: (it) => it.isCoordinator },
  { name: "cordoned", of: (it) => it.cordoned },
  { name: "zone", of: (it) => it.zone },
  { name: "weight", of: (it) => it.weight },
  { name: "incarnation", of: (it) => it.incarnation },
  { name: "shards", of: (it) => it.owned },
  { name: "believedNotOwned", of: (it) => it.believedOnly },
  { name: "differences", of: (it) => it.divergent },
  { name: "leaseLeftMs", of: (it) => it.leaseLeftMs },
  { name: "postgresReachable", of: (it) => it.postgresReachable },
  { name: "requestsPerSecond", of: (it) => it.load?.requestsPerSecond },
  { name: "p50Ms", of: (it) => it.load?.p50Ms },
  { name: "p99Ms", of: (it) => it.load?.p99Ms },
  { name: "heardMsAgo", of: (it) => it.heardMsAgo },
];

const worstOf = (nodes: readonly NodeView[]): NodeView | undefined =>
  nodes.find((it) => it.condition !== "ready") ?? nodes[0];

function NodeRow(props: {
  readonly node: NodeView;
  readonly isGone: boolean;
  readonly most: number;
  readonly at: number;
  readonly isSelected: boolean;
  select(nodeId: string): void;
}) {
  const { node } = props;
  return (
    <tr
      data-testid="node-row"
      data-node-id={node.nodeId}
      data-condition={node.condition}
      data-cordoned={node.cordoned}
      data-owned={node.owned}
      data-selected={props.isSelected}
      aria-rowindex={props.at + 2}
      data-gone={props.isGone}
      onClick={() => props.select(node.nodeId)}
    >
      <td>
        <Link prefetch={false} className="n font-medium text-fg-0" href={`/nodes/${node.nodeId}`}>
          {node.nodeId}
        </Link>
        {node.isCoordinator && (
          <span className="ml-2 text-fg-2 phone:hidden">
            coordinator <span className="n">{node.term ?? ""}</span>
          </span>
        )}
      </td>
      <td>
        <StateBadge look={nodeLook[node.condition]} flat />
        <WhyNode node={node} />
        {node.cordoned && node.condition !== "cordoned" && (
          <Glyph name="lock" tone="unknown" className="ml-1.5" />
        )}
      </td>
      <td className="n small:hidden">{node.zone === "" ? "–" : node.zone}</td>
      <td className="n mid:hidden">{node.incarnation.slice(0, 8)}</td>
      <td>
        <span className="n inline-block min-w-[5ch] text-right text-fg-0">{count(node.owned)}</span>
        <span className="meter ml-2 inline-block w-20 align-middle small:w-10">
          <i className="bg-stable-fill!" style={{ width: `${(node.owned / props.most) * 100}%` }} />
        </span>
      </td>
      <td className="phone:hidden">
        <LeaseLeft node={node} />
      </td>
      <td className="n mid:hidden">
        {node.postgresReachable === false ? (
          <span className="text-warning-text">cut {duration(node.postgresOkMsAgo ?? 0)}</span>
        ) : node.postgresOkMsAgo === null ? (
          "–"
        ) : (
          duration(node.postgresOkMsAgo)
        )}
      </td>
      <td className="n mid:hidden">
        {node.peers.filter((it) => it.connected).length} of {node.peers.length}
      </td>
      <td className="n r small:hidden">{count(Math.round(node.load?.requestsPerSecond ?? 0))}</td>
      <td className="n r small:hidden">
        {node.load === null ? "–" : `${node.load.p99Ms.toFixed(1)} ms`}
      </td>
      <td className="small:hidden">
        {node.divergent === 0 ? (
          <span className="text-fg-2">agrees</span>
        ) : (
          <span className="text-warning-text">
            <Glyph name="differ" tone="warning" className="mr-1.5 align-[-1px]" />
            {count(node.divergent)} differ
          </span>
        )}
      </td>
      <td className="n r text-fg-2 phone:hidden">
        {node.heardMsAgo === null ? "never" : duration(node.heardMsAgo)}
      </td>
    </tr>
  );
}

function LeaseLeft({ node }: { readonly node: NodeView }) {
  if (node.leaseLeftMs === null || node.leaseTtlMs === 0) return "–";
  const share = Math.min(1, node.leaseLeftMs / node.leaseTtlMs);
  return (
    <span className={node.leaseAtRisk ? "text-warning-text" : ""}>
      <span className="meter mr-2 inline-block w-14 align-middle">
        <i
          className={node.leaseAtRisk ? "bg-warning-mark!" : ""}
          style={{ width: `${share * 100}%` }}
        />
      </span>
      <span className="n">{node.leaseState === "lost" ? "lost" : duration(node.leaseLeftMs)}</span>
    </span>
  );
}

function Retired({ nodes }: { readonly nodes: readonly NodeView[] }) {
  return (
    <details
      className="text-2 border-line-1 border-y px-(--gutter) py-2.5 text-fg-2"
      data-testid="retired"
    >
      <summary>{plural(nodes.length, "node")} retired</summary>
      <p className="n mt-1">{nodes.map((it) => `${it.nodeId} (${it.condition})`).join(", ")}</p>
    </details>
  );
}
