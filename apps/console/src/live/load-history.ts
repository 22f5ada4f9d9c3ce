import type { NodeObservation } from "../wire/relay-frames.ts";
import { Series, stepMs, stepOf, steps } from "./series.ts";

/** So many shards are remembered; the coolest go first. */
const shardLimit = 512;

export interface NodeSeries {
  readonly nodeId: string;
  readonly requests: Series;
  readonly failed: Series;
  readonly p50: Series;
  readonly p99: Series;
}

export interface ShardSeries {
  readonly group: string;
  readonly shard: number;
  /** Who named it last. */
  nodeId: string;
  readonly requests: Series;
  /** Null where handlers are not timed. @unit milliseconds per second */
  busyMs: number | null;
}

/** What a node says of its load. */
export interface LoadSaid extends Pick<NodeObservation, "nodeId" | "ageMs" | "hot"> {
  readonly belief: Pick<NodeObservation["belief"], "load">;
}

/**
 * What nodes said of their load, at most five minutes of it and at most 512 shards. Of the present it hears frames as
 * they come, since the page was opened: one that is paused or hidden has no hole here.
 */
export class LoadHistory {
  readonly #nodes = new Map<string, NodeSeries>();
  readonly #shards = new Map<string, ShardSeries>();
  readonly #limit: number;
  readonly #heatSteps: number;

  /** @param heatEveryMs how often shards are named: so long each reading holds. @unit milliseconds */
  constructor(limit = shardLimit, heatEveryMs = stepMs) {
    this.#limit = limit;
    this.#heatSteps = Math.ceil(heatEveryMs / stepMs);
  }

  hear(observations: readonly LoadSaid[], nowMs: number): void {
    let newest = Number.NEGATIVE_INFINITY;
    for (const { nodeId, belief, ageMs, hot = [] } of observations) {
      const step = stepOf(nowMs - ageMs);
      newest = Math.max(newest, step);
      const node = this.#nodeOf(nodeId);
      node.requests.put(step, belief.load.requestsPerSecond);
      node.failed.put(step, belief.load.failedPerSecond);
      node.p50.put(step, belief.load.p50Ms);
      // The worst of a step, which is what one looks for in it.
      const before = node.p99.at(step);
      node.p99.put(step, Math.max(Number.isNaN(before) ? 0 : before, belief.load.p99Ms));
      for (const it of hot) {
        const shard = this.#shardOf(it.group, it.shard, nodeId);
        shard.nodeId = nodeId;
        shard.busyMs = it.busyMs;
        for (let on = 0; on < this.#heatSteps; on++) {
          shard.requests.put(step + on, it.requestsPerSecond);
        }
      }
    }
    // Once for all of them: it looks at every shard.
    this.#forget(newest);
  }

  nodes(): readonly NodeSeries[] {
    return [...this.#nodes.values()];
  }

  shards(): readonly ShardSeries[] {
    return [...this.#shards.values()];
  }

  #nodeOf(nodeId: string): NodeSeries {
    let it = this.#nodes.get(nodeId);
    if (it === undefined) {
      const [requests, failed, p50, p99] = [new Series(), new Series(), new Series(), new Series()];
      it = { nodeId, requests, failed, p50, p99 };
      this.#nodes.set(nodeId, it);
    }
    return it;
  }

  #shardOf(group: string, shard: number, nodeId: string): ShardSeries {
    const key = `${group}/${shard}`;
    let it = this.#shards.get(key);
    if (it === undefined) {
      it = { group, shard, nodeId, requests: new Series(), busyMs: null };
      this.#shards.set(key, it);
    }
    return it;
  }

  #forget(step: number): void {
    for (const [nodeId, it] of this.#nodes) {
      if (it.requests.newest <= step - steps) this.#nodes.delete(nodeId);
    }
    if (this.#shards.size <= this.#limit) return;
    const oldestFirst = [...this.#shards].sort(
      ([, a], [, b]) =>
        a.requests.newest - b.requests.newest ||
        a.requests.at(a.requests.newest) - b.requests.at(b.requests.newest),
    );
    for (const [key] of oldestFirst.slice(0, this.#shards.size - this.#limit)) {
      this.#shards.delete(key);
    }
  }
}
