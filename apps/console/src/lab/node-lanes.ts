import { compareNames } from "../live/names.ts";
import type { RunLane } from "../wire/lab.ts";

export type LaneState = Pick<RunLane["segments"][number], "state" | "words">;

/** What is shorter is not worth a bar of its own. @unit milliseconds */
const shortestMs = 400;
/** A node whose shards come and go all the time has a long last bar. */
const segmentLimit = 120;

/** What each node did, as bars along the run. */
export class NodeLanes {
  readonly #lanes = new Map<string, RunLane>();

  note(nodeId: string, now: LaneState, nowMs: number): void {
    const lane = this.#lanes.get(nodeId) ?? { nodeId, segments: [] };
    this.#lanes.set(nodeId, lane);
    const last = lane.segments.at(-1);
    if (last === undefined) {
      lane.segments.push({ fromMs: nowMs, toMs: null, ...now });
      return;
    }
    if (last.state === now.state && last.words === now.words) return;
    if (nowMs - last.fromMs < shortestMs || lane.segments.length >= segmentLimit) {
      Object.assign(last, now);
      return;
    }
    last.toMs = nowMs;
    lane.segments.push({ fromMs: nowMs, toMs: null, ...now });
  }

  all(): RunLane[] {
    return [...this.#lanes.values()]
      .map((it) => ({ nodeId: it.nodeId, segments: it.segments.map((one) => ({ ...one })) }))
      .sort((a, b) => compareNames(a.nodeId, b.nodeId));
  }
}
