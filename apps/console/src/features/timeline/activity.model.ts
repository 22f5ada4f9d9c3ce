import type { LogEntry } from "@leasehold/sharding/observe";

export const bucketCount = 150;

export interface Bucket {
  readonly total: number;
  readonly deaths: number;
  readonly elections: number;
}

/** Entries per stretch of time between two instants of the database's clock, oldest first. */
export function activityOf(
  entries: readonly LogEntry[],
  sinceMs: number,
  untilMs: number,
): readonly Bucket[] {
  const buckets = Array.from({ length: bucketCount }, () => ({
    total: 0,
    deaths: 0,
    elections: 0,
  }));
  const widthMs = (untilMs - sinceMs) / bucketCount;
  for (let at = entries.length - 1; at >= 0; at--) {
    const entry = entries[at];
    if (entry === undefined) continue;
    const atMs = Date.parse(entry.at);
    if (atMs < sinceMs) break;
    // The database's clock may be a little ahead of this one: what is newest is in the last bucket.
    const bucket = buckets[Math.min(bucketCount - 1, Math.floor((atMs - sinceMs) / widthMs))];
    if (bucket === undefined) continue;
    bucket.total++;
    if (entry.type === "node-dead") bucket.deaths++;
    if (entry.type === "coordinator-elected") bucket.elections++;
  }
  return buckets;
}
