/**
 * For tests of entities and of adapters: a whole cluster in memory with time by hand, and the suites
 * that any adapter of a port has to pass.
 */
export { ManualClock } from "../adapters/memory/manual-clock.ts";
export { JournalCheck } from "./journal-check.ts";
export { MemoryCluster, type MemoryClusterOptions, type MemoryNode } from "./memory-cluster.ts";
export { memoryLease } from "./memory-lease.ts";
export {
  type FaultyServer,
  type HungAppend,
  type ServerCase,
  serverCases,
} from "./server-cases.ts";
export { shrink } from "./sim/shrink.ts";
export { type SimOptions, type SimResult, simulate } from "./sim/simulate.ts";
export {
  defaultWeights,
  laneWeights,
  onlyKinds,
  type Step,
  type StepKind,
  type StepWeights,
} from "./sim/steps.ts";
