import { Empty } from "../../ui/section.tsx";
import { useEnvironment } from "../frame/environment.ts";
import { Reach } from "../frame/reach.tsx";

/** The real layout, without values. */
export function OverviewSkeleton() {
  return (
    <div className="page" aria-busy="true" data-testid="loading">
      <div className="flex items-start gap-3.5 border-line-1 border-b px-(--gutter) py-[18px]">
        <div className="skeleton mt-1 size-[18px]" />
        <div className="flex-1">
          <h1 className="text-5 text-fg-2">Not known yet</h1>
          <p className="mt-[3px] text-fg-2">Waiting for the first snapshot of the cluster.</p>
          <Reach />
        </div>
      </div>
      <dl className="figs">
        {[
          "Shards hosted",
          "On the move",
          "Without a home",
          "Nodes ready",
          "Requests/s",
          "p99 reply",
        ].map((it) => (
          <div key={it}>
            <dt>{it}</dt>
            <dd>
              <span className="skeleton my-1 h-3 w-14" />
            </dd>
          </div>
        ))}
      </dl>
      <div className="space-y-6 p-(--gutter)">
        {["a", "b", "c"].map((it) => (
          <div key={it} className="flex gap-6">
            <div className="skeleton h-8 w-24" />
            <div className="skeleton h-8 flex-1" />
          </div>
        ))}
      </div>
    </div>
  );
}

export function NoNodes() {
  const { cluster } = useEnvironment();
  return (
    <div className="page">
      <Empty title={`No node has joined ${cluster}`}>
        <p>Start one against the same database; it appears here within a second.</p>
        <pre className="mt-2.5 overflow-x-auto rounded-(--r-2) border border-line-1 bg-bg-1 px-3 py-2 font-mono text-fg-0">
          leasehold node --cluster {cluster}
        </pre>
      </Empty>
    </div>
  );
}
