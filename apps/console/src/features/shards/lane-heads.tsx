import Link from "next/link";
import { memo } from "react";
import type { NodeCondition, NodeView } from "../../live/node-row.ts";
import { count, duration } from "../../live/say.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { nodeLook, textClass } from "../../ui/tone.ts";
import type { LaneLayout } from "./lane-layout.model.ts";
import type { LaneGroup } from "./lane-order.model.ts";

/** Names and figures of the lanes: text and links, over the canvas that holds the cells. */
export function LaneHeads(props: {
  readonly layout: LaneLayout;
  readonly groups: readonly LaneGroup[];
  readonly isMini: boolean;
}) {
  const { layout, groups } = props;
  const nodes = new Map(
    groups.flatMap((it) => it.nodes.map((node) => [node.nodeId, node] as const)),
  );
  const titles = new Map(groups.map((it) => [it.nodes[0]?.nodeId ?? "", it] as const));
  return (
    <div className="pointer-events-none absolute inset-0">
      {layout.lanes.map((lane) => (
        <div
          key={lane.key}
          className="absolute inset-x-0"
          style={{ top: lane.y, height: lane.height }}
        >
          {lane.startsGroup && <GroupTitle group={titles.get(lane.key)} />}
          {lane.key === "" ? (
            <NoHome owned={lane.owned} />
          ) : (
            <LaneHead
              node={nodes.get(lane.key)}
              nodeId={lane.key}
              owned={lane.owned}
              isDense={layout.metrics.minLaneHeight < 20}
              isWide={layout.metrics.headAbove}
              hasRoom={lane.height > 50}
            />
          )}
        </div>
      ))}
    </div>
  );
}

function GroupTitle({ group }: { readonly group: LaneGroup | undefined }) {
  if (group === undefined) return null;
  const shards = group.nodes.reduce((sum, it) => sum + it.owned, 0);
  return (
    <div className="text-1 absolute -top-[18px] left-(--gutter)">
      <b className="font-semibold text-fg-0">{group.title}</b>{" "}
      <span className="text-fg-2">
        {count(group.nodes.length)} nodes · {count(shards)} shards
      </span>
    </div>
  );
}

function NoHome({ owned }: { readonly owned: number }) {
  return (
    <>
      <span className="absolute top-0 left-(--gutter) flex items-center gap-1.5 font-semibold text-warning-text">
        <Glyph name="ring" tone="warning" /> no home
      </span>
      <Owned owned={owned} />
    </>
  );
}

function Owned({ owned, isDense = false }: { readonly owned: number; readonly isDense?: boolean }) {
  const size = isDense ? "text-[10px] leading-[11px]" : "text-4 font-medium";
  return (
    <span className={`n absolute top-0 right-(--gutter) text-fg-0 ${size}`}>{count(owned)}</span>
  );
}

interface HeadProps {
  readonly node: NodeView | undefined;
  readonly nodeId: string;
  readonly owned: number;
  readonly isDense: boolean;
  readonly isWide: boolean;
  readonly hasRoom: boolean;
}

function LaneHead(props: HeadProps) {
  if (!props.isDense) return <FullHead {...props} />;
  const { nodeId, owned, node } = props;
  return <DenseHead nodeId={nodeId} owned={owned} condition={node?.condition ?? "unknown"} />;
}

/**
 * A name on 11 px: drawn as a name at any scale, with a glyph only where something is the matter. It is too
 * small to be a target of its own; the nodes' table has the links, and the inspector the owner's.
 * Remembered, because a hundred of them would otherwise render ten times a second.
 */
const DenseHead = memo(
  (props: {
    readonly nodeId: string;
    readonly owned: number;
    readonly condition: NodeCondition;
  }) => {
    const { nodeId, owned } = props;
    const look = nodeLook[props.condition];
    const isCalm = look.tone === "stable";
    return (
      <>
        <span
          className={`n absolute top-0 left-(--gutter) flex items-center gap-1 text-[10px] leading-[11px] ${isCalm ? "pl-3.5 text-fg-2" : "text-fg-0"}`}
        >
          {!isCalm && <Glyph name={look.glyph} tone={look.tone} className="size-2.5" />}
          {nodeId}
        </span>
        <Owned owned={owned} isDense />
      </>
    );
  },
);

function FullHead({ node, nodeId, owned, isWide, hasRoom }: HeadProps) {
  const look = nodeLook[node?.condition ?? "unknown"];
  const isCalm = look.tone === "stable";
  const word = isCalm && node?.isCoordinator ? "coordinator" : look.word;
  const indent = isWide ? "" : "pl-[18px]";
  return (
    <>
      <div
        className={`absolute top-0 left-(--gutter) ${isWide ? "flex items-baseline gap-2" : ""}`}
      >
        <Link
          href={`/nodes/${nodeId}`}
          className="pointer-events-auto flex items-center gap-1.5 font-semibold text-fg-0"
        >
          <Glyph name={look.glyph} tone={look.tone} /> {nodeId}
        </Link>
        <div className={`text-1 ${indent} ${isCalm ? "text-fg-2" : textClass[look.tone]}`}>
          {word}
        </div>
        {node !== undefined && hasRoom && !isWide && (
          <div className="n text-1 pl-[18px] text-fg-2">
            {node.zone} {node.incarnation.slice(0, 4)}
          </div>
        )}
      </div>
      <Owned owned={owned} />
      {node !== undefined && !isWide && <LaneFigures node={node} hasRoom={hasRoom} />}
    </>
  );
}

function LaneFigures(props: { readonly node: NodeView; readonly hasRoom: boolean }) {
  const { node, hasRoom } = props;
  const hasGhosts = node.believedOnly > 0;
  return (
    <div className="n text-1 absolute top-5 right-(--gutter) text-right text-fg-2">
      {node.leaseLeftMs !== null && (hasRoom || !hasGhosts) && (
        <div
          className={node.leaseAtRisk ? "text-warning-text" : ""}
          title="Lease left, by its own clock"
        >
          {duration(node.leaseLeftMs)}
        </div>
      )}
      {hasGhosts && <div title="Believed, not owned">+{count(node.believedOnly)}</div>}
    </div>
  );
}
