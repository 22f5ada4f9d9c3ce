"use client";
import type { LogEntry } from "@leasehold/sharding/observe";
import Link from "next/link";
import { useSearchParams } from "next/navigation";
import { useMemo, useState } from "react";
import { count } from "../../live/say.ts";
import { live, useSummary } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import type { ExportColumn } from "../../ui/rows/export.model.ts";
import { TableTools } from "../../ui/rows/table-tools.tsx";
import { useHeldValue, useHold } from "../../ui/rows/use-hold.ts";
import { useVirtualRows } from "../../ui/rows/use-virtual-rows.ts";
import { SpacerRow } from "../../ui/spacer-row.tsx";
import { useFilterKey } from "../keys/use-filter-key.ts";
import { time } from "../time/time.ts";
import { ActivityChart } from "./activity-chart.tsx";
import { clockTime, entryText, type Topic } from "./entry-text.ts";
import { parseEntryFilter, visibleEntries } from "./timeline.model.ts";

const topics: readonly { readonly topic: Topic; readonly label: string }[] = [
  { topic: "ownership", label: "Ownership" },
  { topic: "membership", label: "Membership" },
  { topic: "plans", label: "Plans" },
  { topic: "coordinator", label: "Coordinator" },
];

const exported: readonly ExportColumn<LogEntry>[] = [
  { name: "seq", of: (it) => it.seq },
  { name: "at", of: (it) => it.at },
  { name: "term", of: (it) => it.term },
  { name: "type", of: (it) => it.type },
  { name: "subject", of: (it) => entryText(it).subject },
  { name: "detail", of: (it) => entryText(it).detail },
];

export function TimelinePage() {
  const seq = useSummary()?.seq;
  if (seq === undefined) return <p className="page p-(--gutter) text-fg-2">Loading the cluster.</p>;
  return <Timeline lastSeq={seq} />;
}

/** The cluster log, newest first. It stands still while it is read: new entries wait to be applied. */
function Timeline({ lastSeq }: { readonly lastSeq: number }) {
  const [text, setText] = useState(useSearchParams().get("q") ?? "");
  const [shown, setShown] = useState<ReadonlySet<Topic>>(new Set(topics.map((it) => it.topic)));
  const filterField = useFilterKey();
  const filter = useMemo(() => parseEntryFilter(text), [text]);
  const hold = useHold(true);
  const shownSeq = useHeldValue(lastSeq, hold.isHeld);
  const upToSeq = shownSeq.value;
  const entries = useMemo(
    () => visibleEntries(live.mirror.log.entries, shown, filter, upToSeq),
    [shown, filter, upToSeq, live.mirror.log.entries[0]?.seq],
  );
  const newer = useMemo(
    () =>
      upToSeq === lastSeq
        ? 0
        : visibleEntries(entriesAfter(upToSeq), shown, filter, lastSeq).length,
    [shown, filter, upToSeq, lastSeq],
  );
  const { scroller, items, above, below } = useVirtualRows(entries.length);
  const toggle = (topic: Topic): void => {
    const next = new Set(shown);
    if (!next.delete(topic)) next.add(topic);
    setShown(next);
  };
  const apply = (): void => {
    shownSeq.apply();
    scroller.current?.scrollTo({ top: 0 });
  };
  return (
    <div className="page flex h-full flex-col">
      <div className="bar">
        <h1 className="sr-only">Timeline</h1>
        <search className="min-w-40 flex-1">
          <input
            className="inp quiet w-full"
            ref={filterField}
            aria-label="Filter the log"
            placeholder="Filter: type:shard-* shard:172 node:node-2"
            data-testid="timeline-filter"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </search>
        {topics.map(({ topic, label }) => (
          <button
            key={topic}
            type="button"
            className="btn aria-pressed:bg-bg-3"
            data-kind="ghost"
            aria-pressed={shown.has(topic)}
            onClick={() => toggle(topic)}
          >
            {label}
          </button>
        ))}
        <TableTools
          name="timeline"
          columns={exported}
          rows={() => entries}
          changes={newer}
          apply={apply}
        />
      </div>
      <ActivityChart />
      <div
        ref={scroller}
        className="min-h-0 flex-1 overflow-auto"
        data-testid="timeline"
        {...hold.handlers}
      >
        <table className="tbl" aria-label="Cluster log" aria-rowcount={entries.length}>
          <thead className="sticky top-0 z-1 bg-bg-0">
            <tr>
              <th className="r w-24">Seq</th>
              <th className="w-32">At</th>
              <th className="r w-14 small:hidden">Term</th>
              <th className="w-52">Type</th>
              <th className="w-36">Subject</th>
              <th className="small:hidden">Detail</th>
            </tr>
          </thead>
          <tbody>
            <SpacerRow height={above} />
            {items.map(({ index }) => {
              const entry = entries[index];
              return entry === undefined ? null : <Row key={entry.seq} entry={entry} at={index} />;
            })}
            <SpacerRow height={below} />
          </tbody>
        </table>
        {entries.length === 0 && (
          <p className="text-2 px-(--gutter) py-3 text-fg-2">
            {live.mirror.log.entries.length === 0
              ? "No entries yet."
              : "No entry passes the filter."}
          </p>
        )}
      </div>
    </div>
  );
}

function viewMoment({ seq, at }: LogEntry): void {
  time.goToSeq(seq, Date.parse(at)).catch((error: unknown) => time.fail(error));
}

const entriesAfter = (seq: number): readonly LogEntry[] => live.mirror.log.after(seq) ?? [];

function Row({ entry, at }: { readonly entry: LogEntry; readonly at: number }) {
  const { subject, href, detail, glyph, tone } = entryText(entry);
  return (
    <tr aria-rowindex={at + 2} data-testid="log-row" data-seq={entry.seq} data-type={entry.type}>
      <td className="n r text-fg-2">{count(entry.seq)}</td>
      <td className="n" title={entry.at}>
        <button
          type="button"
          className="n hover:underline"
          aria-label={`View the moment of event ${entry.seq}`}
          data-testid="view-moment"
          onClick={() => viewMoment(entry)}
        >
          {clockTime(entry.at)}
        </button>
      </td>
      <td className="n r text-fg-2 small:hidden">{entry.term}</td>
      <td>
        <Glyph name={glyph} tone={tone} className="mr-1.5 align-[-1px]" />
        <span className="font-mono tracking-[-.02em] text-fg-0">{entry.type}</span>
      </td>
      <td className="n text-fg-0">
        {href === null ? (
          subject
        ) : (
          <Link href={href} prefetch={false}>
            {subject}
          </Link>
        )}
      </td>
      <td className="max-w-0 truncate small:hidden" title={detail}>
        {detail}
      </td>
    </tr>
  );
}
