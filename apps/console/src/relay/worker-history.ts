import { type LogEntry, shardKey } from "@leasehold/sharding/observe";

/** What the log remembers of one worker. */
export interface WorkerHistory {
  /** How often a home gave it up. */
  readonly failures: number;
  readonly lastFailure: GivenUp | null;
  /** Why it lost its last home; null while it has one. */
  readonly whyHomeless: string | null;
}

export interface GivenUp {
  /** Null where the log does not go back to when it came there. */
  readonly nodeId: string | null;
  readonly fence: number;
  readonly why: string;
}

const nothing: WorkerHistory = { failures: 0, lastFailure: null, whyHomeless: null };

/** By shard, from the end of the log that is kept: a node forgets a worker that it has given up. */
export function workerHistories(entries: readonly LogEntry[]): ReadonlyMap<string, WorkerHistory> {
  const found = new Map<string, WorkerHistory>();
  const homes = new Map<string, string>();
  const vacated = new Map<string, GivenUp>();
  for (const entry of entries) {
    if (entry.type !== "shard-vacated" && entry.type !== "shard-assigned") continue;
    const key = shardKey(entry);
    const before = found.get(key) ?? nothing;
    if (entry.type === "shard-vacated") {
      const { epoch: fence, why } = entry;
      vacated.set(key, { nodeId: homes.get(key) ?? null, fence, why });
      found.set(key, { ...before, whyHomeless: why });
      continue;
    }
    const lastFailure = vacated.get(key);
    const isFailure = entry.cause === "given-up" && lastFailure !== undefined;
    const failure = isFailure ? { failures: before.failures + 1, lastFailure } : {};
    found.set(key, { ...before, ...failure, whyHomeless: null });
    homes.set(key, entry.nodeId);
  }
  return found;
}
