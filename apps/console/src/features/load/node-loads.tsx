import Link from "next/link";
import { plural } from "../../live/say.ts";
import type { ExportColumn } from "../../ui/rows/export.model.ts";
import { TableTools } from "../../ui/rows/table-tools.tsx";
import { useHeldRows } from "../../ui/rows/use-hold.ts";
import { SectionHead } from "../../ui/section.tsx";
import { HeatLegend, HeatStrip } from "./heat-strip.tsx";
import { describe, type LoadView, type NodeLoadRow, percent, rate } from "./load.model.ts";

const keyOf = (it: NodeLoadRow): string => it.nodeId;

const exported: readonly ExportColumn<NodeLoadRow>[] = [
  { name: "node", of: (it) => it.nodeId },
  { name: "requestsPerSecond", of: (it) => it.now },
  { name: "share", of: (it) => it.share },
  { name: "most", of: (it) => describe(it.requests).most },
  { name: "p50Ms", of: (it) => it.p50Ms },
  { name: "p99Ms", of: (it) => it.p99Ms },
];

/** Each node's five minutes; a press on one draws it into the chart above. */
export function NodeLoads(props: {
  readonly view: LoadView;
  readonly chosen: string | null;
  choose(nodeId: string | null): void;
}) {
  const { view, chosen, choose } = props;
  const held = useHeldRows(view.nodes, keyOf);
  return (
    <section aria-label="Nodes over time">
      <SectionHead title="Nodes over time" meta={plural(view.nodes.length, "node")}>
        <span className="ml-auto" />
        <span className="text-2 small:hidden">
          <HeatLegend most={view.mostOfNode} unit="requests/s" />
        </span>
        <TableTools
          name="node-load"
          columns={exported}
          rows={() => view.nodes}
          changes={held.changes}
          apply={held.apply}
        />
      </SectionHead>
      <div {...held.handlers}>
        <table className="tbl border-line-1 border-t" aria-label="Load of nodes">
          <thead>
            <tr>
              <th className="w-[16ch]">Node</th>
              <th className="r w-[12ch]">Requests/s</th>
              <th className="r w-[8ch] small:hidden">Share</th>
              <th>Last 5 minutes</th>
              <th className="r w-[11ch] small:hidden">p50</th>
              <th className="r w-[11ch]">p99</th>
            </tr>
          </thead>
          <tbody>
            {held.rows.map(({ key, row, isGone }) => (
              <tr
                key={key}
                data-testid="node-load-row"
                data-node-id={key}
                data-selected={key === chosen}
                data-gone={isGone}
              >
                <td className="n">
                  <Link prefetch={false} className="text-fg-0" href={`/nodes/${key}`}>
                    {key}
                  </Link>
                </td>
                <td className="n r">
                  <button
                    type="button"
                    className="text-fg-0"
                    aria-pressed={key === chosen}
                    aria-label={`${key} in the chart`}
                    onClick={() => choose(key === chosen ? null : key)}
                  >
                    {row.now === null ? "not heard" : rate(row.now)}
                  </button>
                </td>
                <td className="n r small:hidden">{percent(row.share)}</td>
                <td>
                  <HeatStrip values={row.requests} most={view.mostOfNode} />
                </td>
                <td className="n r small:hidden">{ms(row.p50Ms)}</td>
                <td className="n r">{ms(row.p99Ms)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const ms = (value: number | null): string => (value === null ? "–" : `${value.toFixed(1)} ms`);
