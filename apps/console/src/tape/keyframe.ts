import { toClusterJson } from "@leasehold/sharding/observe";
import { silentAfterMs } from "../live/classify.ts";
import type { ClusterMirror } from "../live/mirror.ts";
import type { NodeObservation } from "../wire/relay-frames.ts";
import type { Keyframe, Pos } from "../wire/tape.ts";

/** Enough for the log at the side of a page; the timeline reads on from there. */
const recentEntries = 200;
/** No class depends on a change that is older. @unit milliseconds */
const changedWithinMs = 2 * silentAfterMs;

/** What a mirror shows, as plain data from which another one goes on alike. Null while it shows nothing. */
export function keyframeOf(mirror: ClusterMirror, pos: Pos, atMs: number): Keyframe | null {
  const { cluster, index, sights, verdicts } = mirror;
  if (cluster === null) return null;
  const changed: Keyframe["changed"][number][] = [];
  for (let flat = 0; flat < index.size; flat++) {
    const ageMs = atMs - mirror.changedAtMs(flat);
    if (ageMs < changedWithinMs) changed.push({ ...index.refOf(flat), ageMs });
  }
  const since: Keyframe["since"][number][] = [];
  for (const [flat, list] of verdicts.divergences) {
    for (const { nodeId, class: it, sinceMs } of list) {
      since.push({ ...index.refOf(flat), nodeId, class: it, ageMs: atMs - sinceMs });
    }
  }
  return {
    pos,
    atMs,
    cluster: toClusterJson(cluster),
    recent: mirror.log.entries.slice(-recentEntries),
    nodes: [...sights.values()].map((sight): NodeObservation => {
      const { heardAtMs, silent: _silent, shards, ...rest } = sight;
      return {
        ...rest,
        ageMs: atMs - heardAtMs,
        whole: true,
        changed: [...shards.values()],
        gone: [],
      };
    }),
    changed,
    since,
    invariants: mirror.invariants.counts(),
  };
}
