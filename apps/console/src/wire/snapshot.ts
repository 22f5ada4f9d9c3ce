import type { LogEntry, ShardRef } from "@leasehold/sharding/observe";
import { lately } from "../live/log-tail.ts";
import type { Snapshot } from "../live/mirror.ts";
import { compactWhole, expandWhole, type Whole } from "./compact.ts";
import type { NodeObservation, SnapshotFrame } from "./relay-frames.ts";

/** So much of the log comes with the snapshot: what the pages show of it at first. The rest is read, and can wait. */
const shownEntries = 100;

/**
 * A snapshot as a page needs it first, small: at 10,000 shards and 100 nodes it was 3.7 MB as plain JSON.
 *
 * @param tail of the log before it, oldest first.
 * @returns the frame, and the entries that follow it as `past`.
 */
export function packSnapshot(
  whole: Whole,
  tail: readonly LogEntry[],
): { readonly frame: SnapshotFrame; readonly past: readonly LogEntry[] } {
  const frame = {
    ...compactWhole(whole),
    changed: numbersOf(lately(tail)),
    recent: tail.slice(-shownEntries),
  };
  return { frame, past: tail.slice(0, -shownEntries) };
}

export function unpackSnapshot({ changed, recent, ...compact }: SnapshotFrame): {
  readonly snapshot: Snapshot;
  readonly nodes: readonly NodeObservation[];
} {
  const { cluster, nodes } = expandWhole(compact);
  const refs = changed.flatMap(([group, shards]) => shards.map((shard) => ({ group, shard })));
  return { snapshot: { cluster, recent, changed: refs }, nodes };
}

/** Each once. */
function numbersOf(refs: readonly ShardRef[]): SnapshotFrame["changed"] {
  const groups = new Map<string, Set<number>>();
  for (const { group, shard } of refs) {
    const known = groups.get(group);
    if (known === undefined) groups.set(group, new Set([shard]));
    else known.add(shard);
  }
  return [...groups].map(([group, shards]) => [group, [...shards]]);
}
