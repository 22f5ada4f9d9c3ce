import Link from "next/link";
import type { ExportColumn } from "../../ui/rows/export.model.ts";
import { TableTools } from "../../ui/rows/table-tools.tsx";
import { useHeldRows } from "../../ui/rows/use-hold.ts";
import { SectionHead } from "../../ui/section.tsx";
import { HeatLegend, HeatStrip } from "./heat-strip.tsx";
import { type LoadView, percent, rate, type ShardLoadRow } from "./load.model.ts";

/** So many are shown; all that are remembered can be taken along. */
const shown = 40;
const keyOf = (it: ShardLoadRow): string => it.key;

const exported: readonly ExportColumn<ShardLoadRow>[] = [
  { name: "group", of: (it) => it.group },
  { name: "shard", of: (it) => it.shard },
  { name: "node", of: (it) => it.nodeId },
  { name: "requestsPerSecond", of: (it) => it.now },
  { name: "handlerMsPerSecond", of: (it) => it.busyMs },
  { name: "shareOfNode", of: (it) => it.share },
  { name: "mean", of: (it) => it.mean },
];

/** The shards that take the most, at the moment that is shown and over the minutes before it. */
export function HotShards(props: {
  readonly view: LoadView;
  /** Which shards are known at all. */
  readonly named: string;
}) {
  const { view } = props;
  const rows = view.shards.slice(0, shown);
  const held = useHeldRows(rows, keyOf);
  const rest = view.shards.length - rows.length;
  return (
    <section aria-label="Hot shards">
      <SectionHead title="Hot shards" meta={props.named}>
        <span className="ml-auto" />
        <span className="text-2 small:hidden">
          <HeatLegend most={view.mostOfShard} unit="requests/s" />
        </span>
        <TableTools
          name="hot-shards"
          columns={exported}
          rows={() => view.shards}
          changes={held.changes}
          apply={held.apply}
        />
      </SectionHead>
      {held.rows.length === 0 ? (
        <p className="text-2 border-line-1 border-t px-(--gutter) py-2.5 text-fg-2">
          No node has named a shard in this time: they name those that answer requests.
        </p>
      ) : (
        <div {...held.handlers}>
          <table className="tbl border-line-1 border-t" aria-label="Hot shards">
            <thead>
              <tr>
                <th className="w-[16ch]">Shard</th>
                <th className="r w-[12ch]">Requests/s</th>
                <th className="r w-[8ch] small:hidden">Of its node</th>
                <th>Last 5 minutes</th>
                <th className="r w-[11ch] small:hidden">Handlers</th>
                <th className="w-[11ch]">Node</th>
              </tr>
            </thead>
            <tbody>
              {held.rows.map(({ key, row, isGone }) => (
                <Row key={key} it={row} isGone={isGone} most={view.mostOfShard} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rest > 0 && (
        <p className="text-2 px-(--gutter) py-2 text-fg-2">
          and <span className="n">{rest}</span> more
        </p>
      )}
    </section>
  );
}

function Row(props: {
  readonly it: ShardLoadRow;
  readonly isGone: boolean;
  readonly most: number;
}) {
  const { it } = props;
  return (
    <tr
      data-testid="hot-shard"
      data-shard-id={it.key}
      data-node-id={it.nodeId}
      data-gone={props.isGone}
    >
      <td className="n">
        <Link
          prefetch={false}
          className="text-fg-0"
          href={`/shards/${encodeURIComponent(it.group)}/${it.shard}`}
        >
          {it.key}
        </Link>
      </td>
      <td className="n r text-fg-0!">{it.now === null ? "cooled" : rate(it.now)}</td>
      <td className="n r small:hidden">{it.share === null ? "–" : percent(it.share)}</td>
      <td>
        <HeatStrip values={it.requests} most={props.most} />
      </td>
      <td className="n r small:hidden">
        {it.busyMs === null ? "not timed" : `${it.busyMs.toFixed(0)} ms/s`}
      </td>
      <td className="n">
        <Link prefetch={false} href={`/nodes/${it.nodeId}`}>
          {it.nodeId}
        </Link>
      </td>
    </tr>
  );
}
