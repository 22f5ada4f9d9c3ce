import { findShard, hashOf, type ShardRef } from "@leasehold/sharding/observe";
import Link from "next/link";
import type { ReactNode } from "react";
import { duration } from "../../live/say.ts";
import { live, useSummary, useWallNow } from "../../live/use-live.ts";
import { Sentence } from "../../ui/sentence.tsx";
import type { EntityAddress } from "../../wire/entity-view.ts";
import { OwnershipRibbon } from "../shard/ownership-ribbon.tsx";
import { whyHere } from "../shard/why-here.ts";
import { clockTime } from "../timeline/entry-text.ts";
import { type Whereabouts, whereabouts } from "./where.model.ts";

/** The question that is asked most about the past. @unit milliseconds */
const agoMs = 600_000;

/** Key, hash, shard, owner, since when, who before, and why: from the log, as of what the page shows. */
export function WhereItIs(props: { readonly address: EntityAddress; readonly shard: ShardRef }) {
  const { address, shard } = props;
  useSummary();
  const nowMs = useWallNow();
  const { cluster, log } = live.mirror;
  const row = cluster === null ? undefined : findShard(cluster, shard);
  if (row === undefined || cluster === null) return null;
  const where = whereabouts(log.entries, shard, row, { nowMs, earlierMs: nowMs - agoMs });
  const why = whyHere(live.mirror, shard);
  const shards = cluster.groups.get(shard.group)?.shards ?? 0;
  const hash = hashOf(address.namespace, address.type, address.id);
  return (
    <section aria-label="Where it is" className="border-line-1 border-b">
      <dl className="figs border-b-0!" data-testid="entity-where">
        <Step label="Key" note={address.namespace}>
          {address.type}/{address.id}
        </Step>
        <Step label="Hash" note={`mod ${shards}`}>
          <span title={`FNV-1a ${hash}`}>{hash.slice(0, 8)}…</span>
        </Step>
        <Step label="Shard" note={shard.group}>
          <Link
            className="underline"
            href={`/shards/${encodeURIComponent(shard.group)}/${shard.shard}`}
          >
            {shard.shard}
          </Link>
        </Step>
        <Step label="Owner" note={`epoch ${where.epoch}`} testId="entity-owner">
          <Owner nodeId={where.owner} />
        </Step>
        <Step label="Since" note={sinceNote(where, nowMs)} testId="entity-since">
          {where.sinceMs === null
            ? "–"
            : clockTime(new Date(where.sinceMs).toISOString()).slice(0, 8)}
        </Step>
        <Step
          label="Ten minutes earlier"
          note={
            where.earlier === null ? notKept(log.entries[0]?.seq) : `epoch ${where.earlier.epoch}`
          }
          testId="entity-earlier"
        >
          {where.earlier === null ? "–" : <Owner nodeId={where.earlier.nodeId} />}
        </Step>
      </dl>
      {why !== null && (
        <p className="border-line-1 border-t px-(--gutter) py-2.5" data-testid="entity-why">
          Why here? <Sentence words={why} />
        </p>
      )}
      <div className="border-line-1 border-t">
        <OwnershipRibbon shard={shard} span="600" />
      </div>
    </section>
  );
}

function Step(props: {
  readonly label: string;
  readonly note: string;
  readonly testId?: string;
  readonly children: ReactNode;
}) {
  return (
    <div data-testid={props.testId}>
      <dt>{props.label}</dt>
      <dd>
        <span className="v truncate">{props.children}</span>
        <span className="s">{props.note}</span>
      </dd>
    </div>
  );
}

function Owner({ nodeId }: { readonly nodeId: string | null }) {
  if (nodeId === null) return "no home";
  return (
    <Link className="underline" href={`/nodes/${encodeURIComponent(nodeId)}`}>
      {nodeId}
    </Link>
  );
}

const notKept = (firstSeq: number | undefined): string =>
  firstSeq === 1 ? "before the log began" : "not kept";

function sinceNote({ sinceMs, before }: Whereabouts, nowMs: number): string {
  if (sinceMs === null) return "longer than the log kept here";
  const ago = `${duration(nowMs - sinceMs)} ago`;
  return before === null ? ago : `${ago}, before: ${before.nodeId ?? "no home"}`;
}
