import type { Term } from "../core/ids.ts";
import type { ToCoordinator } from "../core/messages.ts";
import type { RegionReport } from "../core/region.ts";

/** Reports of one kind travel together. */
export function gatherReports(
  reports: readonly RegionReport[],
  term: Term,
): readonly ToCoordinator[] {
  const byTag = Map.groupBy(reports, (report) => report.tag);
  return [...byTag].map(([tag, list]) => {
    const items = list.map((report) => report.item);
    const field = tag === "handoffs-acked" || tag === "handoffs-failed" ? "handoffs" : "shards";
    return { tag, term, [field]: items } as unknown as ToCoordinator;
  });
}

/** Names what a report says: the same one is about the same shard, epoch and fact. */
export const reportKey = ({ tag, item }: RegionReport): string =>
  `${tag} ${item.group}/${item.shard} ${item.epoch}`;
