export { type ClusterOptions, startCluster, stopAll, type TestCluster } from "./harness/cluster.ts";
export type { Call, SteadyLoad } from "./harness/steady-load.ts";
export type { TestNode } from "./harness/test-node.ts";
export { waitUntil } from "./harness/wait-until.ts";
