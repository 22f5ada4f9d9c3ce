import type { NodeSight } from "../live/mirror.ts";
import { plural } from "../live/say.ts";
import type { LaneState } from "./node-lanes.ts";
import type { Seen } from "./seen.ts";

/** Silence for longer shows in the picture. @unit milliseconds */
const quietMs = 2500;

/** What a node does, in the fewest words. */
export function laneOf(seen: Seen, nodeId: string): LaneState {
  const sight = seen.sight(nodeId);
  const kinds = new Set(sight?.belief.faults.map((it) => it.kind));
  if (kinds.has("pause")) return { state: "warning", words: "paused" };
  if (sight === undefined || !seen.isHeard(nodeId, quietMs)) {
    const isDead = seen.nodeState(nodeId) === "dead";
    return isDead ? { state: "danger", words: "dead" } : { state: "unknown", words: "not heard" };
  }
  const shards = seen.servingCount(nodeId);
  return faulty(kinds, shards) ?? ordinary(seen, sight, shards);
}

function faulty(kinds: ReadonlySet<string>, shards: number): LaneState | null {
  if (kinds.has("cut-postgres") || kinds.has("cut-link")) {
    return { state: "warning", words: shards > 0 ? "cut, serves" : "cut, stopped" };
  }
  return kinds.size > 0 ? { state: "warning", words: [...kinds].join(", ") } : null;
}

function ordinary(seen: Seen, { nodeId, belief }: NodeSight, shards: number): LaneState {
  if (belief.lease.state !== "held") return { state: "warning", words: "no lease" };
  const state = seen.nodeState(nodeId);
  if (state !== "up") return { state: "handoff", words: state ?? "joins" };
  const isNew = belief.incarnation !== seen.incarnationOf(nodeId);
  if (shards === 0 && isNew) return { state: "handoff", words: "joins" };
  return { state: "stable", words: plural(shards, "shard") };
}
