import { type ClusterState, ownerOf, type ShardStateName } from "../../core/cluster.ts";
import { daemonOf } from "../../core/daemons.ts";
import type { Epoch, GroupName, Incarnation, NodeId } from "../../core/ids.ts";
import type { PlaceView } from "./daemon-host.ts";

/** A daemon as one node sees it. */
export interface DaemonView {
  readonly daemon: string;
  readonly group: GroupName;
  /** How many the cluster wants. */
  readonly workers: number;
  /** One for each index below `workers`, from the log. */
  readonly items: readonly WorkerView[];
  /** Those that run on this node, or have failed here and not yet been given up. */
  readonly here: readonly WorkerHere[];
}

/** Where a worker lives. */
export interface WorkerView {
  readonly index: number;
  readonly state: ShardStateName;
  readonly nodeId: NodeId | null;
  readonly incarnation: Incarnation | null;
  readonly epoch: Epoch;
}

/** How a worker is. Unless `beatAgeMs` is null it has given its last sign of life so long ago. */
export type WorkerHere = Omit<PlaceView, "ref"> & { readonly index: number };

/** Every daemon of the cluster, by name. */
export function daemonViews(
  cluster: ClusterState,
  places: Iterable<PlaceView>,
): readonly DaemonView[] {
  const here = Map.groupBy(places, ({ ref }) => ref.group);
  const views: DaemonView[] = [];
  for (const [group, { workers }] of cluster.groups) {
    const daemon = daemonOf(group);
    if (daemon === null || workers === undefined) continue;
    views.push({
      ...{ daemon, group, workers, items: itemsOf(cluster, group, workers) },
      here: (here.get(group) ?? []).map(({ ref, ...rest }) => ({ index: ref.shard, ...rest })),
    });
  }
  return views.sort((a, b) => (a.daemon < b.daemon ? -1 : 1));
}

function itemsOf(cluster: ClusterState, group: GroupName, workers: number): WorkerView[] {
  const rows = cluster.shards.get(group) ?? [];
  return rows.slice(0, workers).map((row, index) => {
    const { nodeId = null, incarnation = null } = ownerOf(row) ?? {};
    return { index, state: row.state, nodeId, incarnation, epoch: row.epoch };
  });
}
