"use client";
import Link from "next/link";
import { useSummary } from "../../live/use-live.ts";
import { Empty } from "../../ui/section.tsx";
import { NodeDetail } from "./node-detail.tsx";

export function NodePage({ nodeId }: { readonly nodeId: string }) {
  const summary = useSummary();
  if (summary === null) return <p className="page p-(--gutter) text-fg-2">Loading the cluster.</p>;
  const node = [...summary.nodes, ...summary.retired].find((it) => it.nodeId === nodeId);
  return (
    <div className="page flex flex-col">
      {node === undefined ? (
        <Empty title={`No node called ${nodeId} has joined`}>
          <Link className="underline" href="/nodes">
            All nodes
          </Link>
        </Empty>
      ) : (
        <NodeDetail node={node} />
      )}
    </div>
  );
}
