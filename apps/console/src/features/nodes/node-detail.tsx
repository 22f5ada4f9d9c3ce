"use client";
import Link from "next/link";
import type { NodeView } from "../../live/node-row.ts";
import { count, duration, plural } from "../../live/say.ts";
import { live, useDivergence } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { SectionHead } from "../../ui/section.tsx";
import { StateBadge } from "../../ui/state-badge.tsx";
import { nodeLook } from "../../ui/tone.ts";
import { DivergenceList } from "../divergence/divergence-list.tsx";
import { NodeFaults } from "../faults/node-faults.tsx";
import { LogRows } from "../timeline/log-rows.tsx";
import { LaneStrip } from "./lane-strip.tsx";
import { NodeActions } from "./node-actions.tsx";
import { WhyNode } from "./why-node.tsx";

const divergenceLimit = 6;

/** Everything about one node: what it has, what it believes, what it reaches, what is broken in it. */
export function NodeDetail(props: { readonly node: NodeView; readonly isEmbedded?: boolean }) {
  const { node } = props;
  const own = useDivergence({ class: null, nodeId: node.nodeId }, divergenceLimit);
  return (
    <section
      aria-label={node.nodeId}
      data-testid="node-detail"
      data-node-id={node.nodeId}
      className={`flex flex-1 flex-col ${props.isEmbedded ? "border-line-1 border-t" : ""}`}
    >
      <div className="bar">
        {props.isEmbedded ? (
          <h2 className="n text-4">
            <Link href={`/nodes/${node.nodeId}`}>{node.nodeId}</Link>
          </h2>
        ) : (
          <>
            <span className="text-2 text-fg-2">
              <Link href="/nodes">Nodes</Link> /
            </span>
            <h1 className="n text-[18px]">{node.nodeId}</h1>
          </>
        )}
        <StateBadge look={nodeLook[node.condition]} />
        <WhyNode node={node} />
        {node.cordoned && (
          <span className="badge" data-tone="unknown" data-flat="false">
            cordoned
          </span>
        )}
        <span className="flex-1" />
        <NodeActions node={node} />
      </div>
      <div className="grid flex-1 grid-cols-[minmax(0,1.15fr)_minmax(0,1fr)_minmax(0,1fr)] mid:grid-cols-2 small:grid-cols-1">
        <div className="min-w-0">
          <SectionHead
            title="Its lane"
            meta={`${plural(node.owned, "shard")} owned${node.believedOnly > 0 ? ` · ${node.believedOnly} only believed` : ""}`}
          >
            <Link href="/shards">Map</Link>
          </SectionHead>
          <LaneStrip nodeId={node.nodeId} />
          <SectionHead
            title="Belief differs"
            meta={own === null || own.total === 0 ? "nowhere" : plural(own.total, "time")}
          />
          {own !== null && (
            <DivergenceList
              divergence={own}
              limit={divergenceLimit}
              none={`${node.nodeId} believes what Postgres says.`}
            />
          )}
        </div>
        <div className="min-w-0 border-line-1 border-l small:border-t small:border-l-0">
          <SectionHead title="What it believes about itself" />
          <Facts node={node} />
          <SectionHead title="Links" meta="as it sees them" />
          <Links node={node} />
        </div>
        <div className="min-w-0 border-line-1 border-l mid:col-span-2 mid:border-t mid:border-l-0 small:col-span-1">
          <NodeFaults node={node} />
          <SectionHead title="Log of this node" />
          <LogRows
            limit={10}
            hidesSubject
            only={(entry) =>
              !("shard" in entry) && "nodeId" in entry && entry.nodeId === node.nodeId
            }
          />
        </div>
      </div>
    </section>
  );
}

function roleOf({ isCoordinator, term, weight }: NodeView): string {
  if (weight === 0) return "proxy: routes, hosts no shards";
  return isCoordinator ? `coordinator, term ${term ?? "–"}` : "region, candidate";
}

function Facts({ node }: { readonly node: NodeView }) {
  const serving = [...(live.mirror.sights.get(node.nodeId)?.shards ?? [])].filter(
    ([flat, it]) => it.serving && !live.mirror.isSpare(flat),
  ).length;
  return (
    <dl className="kv px-(--gutter) pb-3" style={{ gridTemplateColumns: "116px 1fr" }}>
      <dt>Incarnation</dt>
      <dd className="n truncate" title={node.incarnation}>
        {node.incarnation}
      </dd>
      <dt>Role</dt>
      <dd>{roleOf(node)}</dd>
      <dt>Lease</dt>
      <dd className={node.leaseAtRisk ? "text-warning-text!" : ""}>
        {node.leaseState ?? "not heard"}
        {node.leaseLeftMs !== null && (
          <>
            , <span className="n">{duration(node.leaseLeftMs)}</span> left by its own clock
          </>
        )}
      </dd>
      <dt>Serves</dt>
      <dd>
        <span className="n">{count(serving)}</span> of{" "}
        <span className="n">{count(node.owned)}</span> owned
      </dd>
      <dt>Log position</dt>
      <dd className="n">{node.seq === null ? "–" : count(node.seq)}</dd>
      <dt>Load</dt>
      <dd>
        <span className="n">{count(Math.round(node.load?.requestsPerSecond ?? 0))}</span>{" "}
        requests/s, p99 <span className="n">{(node.load?.p99Ms ?? 0).toFixed(1)} ms</span>
      </dd>
      <dt>Entities</dt>
      <dd className="n">{count(node.load?.entities ?? 0)}</dd>
      <dt>Where</dt>
      <dd className="n">
        {node.address}
        {node.pid === null ? "" : `, pid ${node.pid}`}
      </dd>
    </dl>
  );
}

function Links({ node }: { readonly node: NodeView }) {
  const isCut = node.postgresReachable === false;
  return (
    <table className="tbl border-line-1 border-t" aria-label={`Links of ${node.nodeId}`}>
      <tbody>
        <tr data-testid="link-row" data-peer="postgres" data-connected={!isCut}>
          <td className="text-fg-0">Postgres</td>
          <td>
            <LinkState isUp={!isCut} />
          </td>
          <td className="n r text-fg-2">
            {node.postgresOkMsAgo === null
              ? "never"
              : `answered ${duration(node.postgresOkMsAgo)} ago`}
          </td>
        </tr>
        {node.peers.map((it) => (
          <tr
            key={it.nodeId}
            data-testid="link-row"
            data-peer={it.nodeId}
            data-connected={it.connected}
          >
            <td className="n text-fg-0">{it.nodeId}</td>
            <td>
              <LinkState isUp={it.connected} />
            </td>
            <td className="r text-warning-text">
              {isCutOnPurpose(node, it.nodeId) && "cut on purpose"}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The node may take a heartbeat or two to notice what was done to it. */
const isCutOnPurpose = (node: NodeView, peer: string): boolean =>
  node.faults.some((it) => it.kind === "cut-link" && it.detail["peer"] === peer);

function LinkState({ isUp }: { readonly isUp: boolean }) {
  return (
    <span className="badge" data-flat="true">
      <Glyph name={isUp ? "dot" : "cut"} tone={isUp ? "stable" : "warning"} />
      <span className={isUp ? "" : "text-warning-text"}>{isUp ? "up" : "cut"}</span>
    </span>
  );
}
