"use client";
import { daemonOf, type LogEntry, type ShardRef, type ShardRow } from "@leasehold/sharding/observe";
import Link from "next/link";
import { useMemo } from "react";
import { explain } from "../../live/explain.ts";
import { runCommand } from "../../live/run-command.ts";
import { say } from "../../live/say.ts";
import { live, useLive, useOff, useSummary } from "../../live/use-live.ts";
import { Button } from "../../ui/button.tsx";
import { Empty, SectionHead } from "../../ui/section.tsx";
import { Sentence } from "../../ui/sentence.tsx";
import { StateBadge } from "../../ui/state-badge.tsx";
import { stateLook } from "../../ui/tone.ts";
import { LogRows } from "../timeline/log-rows.tsx";
import { BeliefTable } from "./belief-table.tsx";
import { beliefColumns } from "./beliefs.model.ts";
import { MoveButton } from "./move-dialog.tsx";
import { OwnershipRibbon } from "./ownership-ribbon.tsx";
import { whyHere } from "./why-here.ts";

export function ShardPage({ shard }: { readonly shard: ShardRef }) {
  const summary = useSummary();
  const nowMs = useLive((it) => it.nowMs);
  const isPast = useLive((it) => it.moment !== null);
  const authorityAgeMs = useLive((it) => it.heartbeat?.authorityAgeMs ?? null);
  const only = useMemo(
    () => (entry: LogEntry) =>
      "shard" in entry && entry.shard === shard.shard && entry.group === shard.group,
    [shard.group, shard.shard],
  );
  const flat = live.mirror.index.find(shard);
  const row = flat < 0 ? undefined : live.mirror.rowOf(flat);
  if (summary === null) return <p className="page p-(--gutter) text-fg-2">Loading the cluster.</p>;
  if (row === undefined) {
    return (
      <div className="page">
        <Empty title={`There is no shard ${shard.group}/${shard.shard}`}>
          <Link className="underline" href="/shards">
            All shards
          </Link>
        </Empty>
      </div>
    );
  }
  const state = live.mirror.verdicts.cellOf(flat);
  const divergences = live.mirror.verdicts.divergences.get(flat) ?? [];
  const why = whyHere(live.mirror, shard);
  const name = `${shard.group}/${shard.shard}`;
  const isSpare = live.mirror.isSpare(flat);
  return (
    <div className="page">
      <div className="border-line-1 border-b px-(--gutter) py-4">
        <div className="flex flex-wrap items-center gap-2">
          <span className="text-2 text-fg-2">
            <Link href="/shards">Shards</Link> /
          </span>
          <h1 className="n text-[18px] leading-[26px]">{name}</h1>
          {!isSpare && <StateBadge look={stateLook[state]} />}
          <span className="flex-1" />
          {row.pinned && <Unpin shard={shard} />}
          <MoveButton shard={shard} />
        </div>
        <div className="mt-1.5 max-w-[100ch] space-y-1" data-testid="shard-sentence">
          {divergences.map((it) => (
            <p key={`${it.nodeId}:${it.class}`}>
              <Sentence words={explain(it, leaseLeftOf(summary.nodes, it.nodeId))} />
            </p>
          ))}
          {divergences.length === 0 && (
            <p>
              <Sentence
                words={isSpare ? say`Its daemon has fewer workers: nothing runs in it.` : calm(row)}
              />
            </p>
          )}
          {daemonOf(shard.group) !== null && (
            <p className="text-fg-2">
              It is worker <span className="n">{shard.shard}</span> of the daemon{" "}
              <Link className="n underline" href="/daemons">
                {daemonOf(shard.group)}
              </Link>
              .
            </p>
          )}
          {why !== null && (
            <p className="text-fg-2">
              Why here? <Sentence words={why} />
            </p>
          )}
        </div>
      </div>
      <BeliefTable
        label={name}
        row={row}
        columns={beliefColumns(live.mirror, flat, nowMs)}
        authority={isPast ? { tag: "past" } : { tag: "now", ageMs: authorityAgeMs }}
        seq={summary.seq}
      />
      <OwnershipRibbon shard={shard} />
      <SectionHead title="Log of this shard" meta="newest first, as far as it is kept">
        <Link href={`/timeline?q=${encodeURIComponent(name)}`}>Timeline</Link>
      </SectionHead>
      <LogRows limit={30} only={only} />
    </div>
  );
}

const calm = (row: ShardRow) =>
  row.state === "unallocated"
    ? say`It has no home.`
    : say`${row.owner.nodeId} serves it at epoch ${row.epoch}, and Postgres says the same.`;

const leaseLeftOf = (
  nodes: readonly { readonly nodeId: string; readonly leaseLeftMs: number | null }[],
  nodeId: string | null,
): number | null => nodes.find((it) => it.nodeId === nodeId)?.leaseLeftMs ?? null;

function Unpin({ shard }: { readonly shard: ShardRef }) {
  const off = useOff();
  const unpin = () =>
    void runCommand({ kind: "unpin", group: shard.group, shard: shard.shard }, "Unpinned.");
  return (
    <Button off={off} onClick={unpin}>
      Unpin
    </Button>
  );
}
