import type { SimCluster } from "./sim-cluster.ts";
import type { Workload } from "./workload.ts";

/** L1 to L4 after a quiet period, S8 for every ask and S5 for every timer whose time is over. @returns what is amiss. */
export function unwell(
  cluster: SimCluster,
  workload: Workload,
  calmSeq: number,
): readonly string[] {
  const found: string[] = [];
  const state = cluster.postgres.tables.state();
  for (const [group, rows] of state.shards) {
    rows.forEach((row, shard) => {
      if (row.state !== "hosted") found.push(`L1: ${group}/${shard} is ${row.state}`);
      else if (!serves(cluster, row.owner.nodeId, `${group}/${shard}`))
        found.push(`L1: ${row.owner.nodeId} does not serve ${group}/${shard}`);
    });
  }
  const all = [...cluster.nodes.values()];
  const leading = all.filter(({ node }) => node.belief().role === "coordinator").length;
  if (leading !== 1) found.push(`L2: ${leading} coordinators are active`);
  for (const { nodeId, node } of all) if (!node.isReady()) found.push(`L1: ${nodeId} is not ready`);
  if (state.seq !== calmSeq)
    found.push(`L4: the log went on from ${calmSeq} to ${state.seq} though nothing happened`);
  for (const { id, endsMs, outcome, process } of workload.asks) {
    if (outcome?.startsWith("late") === true) found.push(`S8: ${id} was ${outcome}`);
    const isOver = process.isRunning && process.monotonicMs() > endsMs;
    if (isOver && outcome === null) found.push(`S8: ${id} was never answered`);
  }
  const { ledgers, lamps, crew } = workload;
  return [...found, ...ledgers.overdue(), ...lamps.dark(state), ...crew.amiss(cluster)];
}

function serves(cluster: SimCluster, nodeId: string, shard: string): boolean {
  const node = cluster.nodes.get(nodeId)?.node;
  return node !== undefined && [...node.serving.openShards()].includes(shard);
}
