import Link from "next/link";
import { count, duration } from "../../live/say.ts";
import type { ExportColumn } from "../../ui/rows/export.model.ts";
import { TableTools } from "../../ui/rows/table-tools.tsx";
import { useHeldRows } from "../../ui/rows/use-hold.ts";
import { StateBadge } from "../../ui/state-badge.tsx";
import type { DaemonView, WorkerView } from "../../wire/daemons-view.ts";
import { isOld, rowsOf, workerLook } from "./daemon.model.ts";

/** Every index with its home, how it is there, and what went wrong last. */
export function WorkerTable(props: { readonly daemon: DaemonView; readonly ageMs: number }) {
  const { daemon, items } = { ...props.daemon, items: rowsOf(props.daemon.items) };
  const left = props.daemon.items.length - items.length;
  const held = useHeldRows(items, keyOf);
  return (
    <>
      <div className="flex h-9 items-center justify-end border-line-1 border-t px-(--gutter)">
        <TableTools
          name={`workers-${daemon}`}
          columns={exported}
          rows={() => props.daemon.items}
          changes={held.changes}
          apply={held.apply}
        />
      </div>
      <div {...held.handlers}>
        <table className="tbl border-line-1 border-t" aria-label={`Workers of ${daemon}`}>
          <thead>
            <tr>
              <th className="r w-[9ch]">Worker</th>
              <th className="w-[17ch]">State</th>
              <th className="w-[16ch]">Node</th>
              <th className="r w-[9ch] small:hidden">Fence</th>
              <th className="r w-[9ch] phone:pr-(--gutter)">For</th>
              <th className="r w-[14ch] phone:hidden">Sign of life</th>
              <th className="r w-[10ch] small:pr-(--gutter) phone:hidden">Failures</th>
              <th className="small:hidden">Last failure</th>
            </tr>
          </thead>
          <tbody>
            {held.rows.map(({ key, row, isGone }) => (
              <WorkerRow
                key={key}
                group={props.daemon.group}
                worker={row}
                isGone={isGone}
                ageMs={props.ageMs}
              />
            ))}
          </tbody>
        </table>
      </div>
      {left > 0 && (
        <p className="text-2 px-(--gutter) py-2 text-fg-2">
          and <span className="n">{count(left)}</span> more
        </p>
      )}
    </>
  );
}

const keyOf = (it: WorkerView): string => `${it.index} ${it.state === "stopping" ? it.nodeId : ""}`;

const exported: readonly ExportColumn<WorkerView>[] = [
  { name: "worker", of: (it) => it.index },
  { name: "state", of: (it) => it.state },
  { name: "node", of: (it) => it.nodeId },
  { name: "fence", of: (it) => it.fence },
  { name: "forMs", of: (it) => it.forMs },
  { name: "beatAgeMs", of: (it) => it.beatAgeMs },
  { name: "failures", of: (it) => it.failures },
  { name: "lastFailure", of: (it) => it.lastFailure?.words },
];

function WorkerRow(props: {
  readonly group: string;
  readonly worker: WorkerView;
  readonly isGone: boolean;
  readonly ageMs: number;
}) {
  const { group, worker: it, ageMs } = props;
  const { index, state, nodeId, fence, forMs, beatAgeMs, failures, lastFailure } = it;
  // Between two questions it was not silent, it was not asked: its age grows only once nobody answers.
  const silentMs = isOld(ageMs) ? ageMs : 0;
  return (
    <tr
      data-testid="worker-row"
      data-index={index}
      data-state={state}
      data-node-id={nodeId}
      data-gone={props.isGone}
    >
      <td className="n r">
        <Link prefetch={false} className="text-fg-0" href={`/shards/${group}/${index}`}>
          {index}
        </Link>
      </td>
      <td>
        <StateBadge look={workerLook(it, ageMs)} flat />
      </td>
      <td className="n">
        {nodeId === null ? "–" : <Link href={`/nodes/${nodeId}`}>{nodeId}</Link>}
      </td>
      <td className="n r small:hidden">{fence === 0 ? "–" : count(fence)}</td>
      <td className="n r phone:pr-(--gutter)">{forMs === null ? "–" : duration(forMs + ageMs)}</td>
      <td className="n r phone:hidden">
        {beatAgeMs === null ? "–" : `${duration(beatAgeMs + silentMs)} ago`}
      </td>
      <td
        className={`n r small:pr-(--gutter) phone:hidden ${failures > 0 ? "text-warning-text!" : "text-fg-2!"}`}
      >
        {count(failures)}
      </td>
      <td className="max-w-0 truncate small:hidden" title={lastFailure?.words}>
        {lastFailure !== null && (
          <>
            <span className="n text-fg-2">{lastFailure.nodeId ?? "–"}</span> {lastFailure.words}
          </>
        )}
      </td>
    </tr>
  );
}
