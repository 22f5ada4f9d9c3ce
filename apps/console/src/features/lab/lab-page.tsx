"use client";
import { useLive, useSummary } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { NoNodes } from "../overview/overview-states.tsx";
import { ActiveFaults } from "./active-faults.tsx";
import { LinksSection } from "./links/links-section.tsx";

/** Where the cluster is broken on purpose. */
export function LabPage() {
  const summary = useSummary();
  if (summary === null) return <p className="page p-(--gutter) text-fg-2">Loading the cluster.</p>;
  if (summary.nodes.length === 0) return <NoNodes />;
  return (
    <div className="page flex flex-col">
      <div className="bar">
        <h1 className="text-4">Lab</h1>
        <span className="text-2 text-fg-2">what is broken here on purpose ends by itself</span>
      </div>
      <FaultsOff />
      <LinksSection nodes={summary.nodes} />
      <ActiveFaults faults={summary.faults} />
    </div>
  );
}

function FaultsOff() {
  const meta = useLive((it) => it.meta);
  if (meta === null || meta.faultsOn) return null;
  return (
    <p
      className="text-2 flex items-start gap-2 border-line-1 border-b bg-unknown-soft px-(--gutter) py-2.5"
      data-testid="faults-off"
    >
      <Glyph name="lock" tone="unknown" className="mt-0.5" />
      <span>
        Nothing can be broken here: the nodes of this cluster were started with faults off. Start
        them with <code className="font-mono text-fg-0">LEASEHOLD_FAULTS=on</code> (never in
        production) to use the lab.
      </span>
    </p>
  );
}
