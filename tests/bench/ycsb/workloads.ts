/** What YCSB's core workloads are made of: shares that add up to 1. */
export interface Workload {
  readonly read: number;
  readonly update: number;
  /** A read, then a write of what was read with a change. */
  readonly readModifyWrite: number;
}

export const workloads = {
  A: { read: 0.5, update: 0.5, readModifyWrite: 0 },
  B: { read: 0.95, update: 0.05, readModifyWrite: 0 },
  C: { read: 1, update: 0, readModifyWrite: 0 },
  F: { read: 0.5, update: 0, readModifyWrite: 0.5 },
} as const satisfies Readonly<Record<string, Workload>>;

/** @param drawn evenly from [0, 1). */
export function operationOf(workload: Workload, drawn: number): keyof Workload {
  if (drawn < workload.read) return "read";
  return drawn < workload.read + workload.update ? "update" : "readModifyWrite";
}
