"use client";
import { useState } from "react";
import { type DivergenceClass, severity } from "../../live/classify.ts";
import { type DivergenceItem, findDivergence } from "../../live/differences.ts";
import { count, plain } from "../../live/say.ts";
import { live, useDivergence, useLive, useSummary } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import type { ExportColumn } from "../../ui/rows/export.model.ts";
import { TableTools } from "../../ui/rows/table-tools.tsx";
import { stateLook } from "../../ui/tone.ts";
import { DivergenceChart } from "./divergence-chart.tsx";
import { DivergenceList } from "./divergence-list.tsx";

const meanings: Readonly<Record<Exclude<DivergenceClass, "agree">, string>> = {
  dual: "Two nodes serve one shard. S1 is broken.",
  "stale-serving": "A node serves what it no longer owns. Fences refuse its writes.",
  orphan: "Nobody serves the shard.",
  "stale-idle": "A node names a right that has run out, and does not serve.",
  skew: "A lease is counted differently here and there.",
  unknown: "The node has not been heard. Nothing is concluded from silence.",
  unaware: "The node is about to hear that the shard is its own. Counts after 1.5 s.",
};

const exported: readonly ExportColumn<DivergenceItem>[] = [
  { name: "class", of: (it) => it.class },
  { name: "shard", of: (it) => (it.shard === null ? null : `${it.shard.group}/${it.shard.shard}`) },
  { name: "node", of: (it) => it.nodeId },
  { name: "forMs", of: (it) => Math.round(it.forMs) },
  { name: "sentence", of: (it) => plain(it.sentence) },
];

/** Sentences that somebody may read; each is some twenty elements. The export has all of them. */
const rowLimit = 100;

/** Where do belief and authority differ now? By class, worst first. */
export function DivergencePage() {
  const divergence = useSummary()?.divergence ?? null;
  const isPast = useLive((it) => it.moment !== null);
  const [only, setOnly] = useState<DivergenceClass | null>(null);
  const asked = { class: only, nodeId: null };
  const found = useDivergence(asked, rowLimit);
  return (
    <div className="page">
      <div className="bar">
        <h1 className="text-4">Divergence</h1>
        <span className="text-2 text-fg-2">
          belief against authority, {isPast ? "at the moment shown" : "now"}
        </span>
        <span className="flex-1" />
        <TableTools
          name="divergence"
          columns={exported}
          rows={() => {
            const { nowMs, summary } = live.store.getState();
            return findDivergence(live.mirror, summary?.nodes ?? [], nowMs, asked, Infinity).items;
          }}
        />
      </div>
      <ul
        className="grid grid-cols-4 border-line-1 border-b mid:grid-cols-3 small:grid-cols-1"
        aria-label="Classes"
      >
        {severity
          .filter((it) => it !== "agree")
          .map((it) => {
            const times = divergence?.byClass.get(it) ?? 0;
            return (
              <li key={it} className="-mb-px border-line-1 border-b">
                <button
                  type="button"
                  className="w-full px-(--gutter) py-2.5 text-left aria-pressed:bg-bg-2"
                  aria-pressed={only === it}
                  data-testid="divergence-class"
                  data-class={it}
                  data-count={times}
                  onClick={() => setOnly(only === it ? null : it)}
                >
                  <span className="flex items-center gap-2">
                    <Glyph
                      name={stateLook[it].glyph}
                      tone={times > 0 ? stateLook[it].tone : "unknown"}
                    />
                    <span className="font-medium text-fg-0">{it}</span>
                    <span className="n ml-auto text-fg-0">{count(times)}</span>
                  </span>
                  <span className="text-1 mt-0.5 block text-fg-2">{meanings[it]}</span>
                </button>
              </li>
            );
          })}
      </ul>
      <DivergenceChart only={only} />
      {found === null ? (
        <p className="text-2 px-(--gutter) py-3 text-fg-2">Not known yet.</p>
      ) : (
        <DivergenceList
          divergence={found}
          limit={rowLimit}
          question={only}
          none={only === null ? undefined : `No belief is ${only}.`}
        />
      )}
    </div>
  );
}
