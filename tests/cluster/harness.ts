export type { ClusterAnswer, SelfAnswer, ShardAnswer } from "./harness/answers.ts";
export { type ClusterOptions, startCluster, stopAll, type TestCluster } from "./harness/cluster.ts";
export type { Call, LoadOptions, SteadyLoad } from "./harness/steady-load.ts";
export type { Exit, TestNode } from "./harness/test-node.ts";
export { type WaitOptions, waitUntil } from "./harness/wait-until.ts";
