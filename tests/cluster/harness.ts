export type { ClusterOptions, TestCluster } from "./harness/cluster.ts";
export { startCluster, stopAll } from "./harness/start-cluster.ts";
export type { Call, SteadyLoad } from "./harness/steady-load.ts";
export type { TestNode } from "./harness/test-node.ts";
export { waitUntil } from "./harness/wait-until.ts";
