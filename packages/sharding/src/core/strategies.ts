import { type AllocationStrategy, leastLoaded, rendezvous } from "./allocation.ts";
import { byLoad } from "./balance-load.ts";
import type { StrategyName } from "./log.ts";

export const strategies: Readonly<Record<StrategyName, AllocationStrategy>> = {
  "least-loaded": leastLoaded,
  rendezvous,
  load: byLoad,
};

/** @returns least-loaded for a name that only a later version knows: it leads, rather than fail at each decision. */
export const strategyOf = (name: StrategyName): AllocationStrategy =>
  strategies[name] ?? leastLoaded;
