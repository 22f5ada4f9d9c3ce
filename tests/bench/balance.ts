import { availableParallelism, loadavg } from "node:os";
import type { ShardingNode } from "@leasehold/sharding";
import { type Popularity, popularityOf } from "./balance/popularity.ts";
import { homesOf, movesOf, openScene, ratesOf, spreadOf } from "./balance/scene.ts";
import { type Bench, quantile, type Row } from "./support/bench.ts";

const nodeCount = 5;
const shards = 256;
const requestsPerSecond = 600;
/** For how long the same entities are popular. @unit milliseconds */
const roundMs = 60_000;
const lookMs = 250;
const aim = 1.25;

/** Requests as they come, whether the nodes keep up or not. */
class Load {
  popularity: Popularity;
  latenciesMs: number[] = [];
  failed = 0;
  #timer: NodeJS.Timeout;
  #sent = 0;
  readonly #startMs = performance.now();

  constructor(nodes: readonly ShardingNode[], popularity: Popularity) {
    this.popularity = popularity;
    this.#timer = setInterval(() => {
      const due = ((performance.now() - this.#startMs) / 1_000) * requestsPerSecond;
      while (this.#sent < due) {
        this.#sent += 1;
        void this.#ask(nodes[this.#sent % nodes.length] as ShardingNode);
      }
    }, 2);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #ask(node: ShardingNode): Promise<void> {
    const sentMs = performance.now();
    const request = { type: "clerk", id: this.popularity.draw(), command: "work", input: null };
    try {
      await node.ask(request);
      this.latenciesMs.push(performance.now() - sentMs);
    } catch {
      this.failed += 1;
    }
  }
}

/** One minute in which the same entities are popular. */
async function measure(
  node: ShardingNode,
  load: Load,
  { round, byCount }: { round: number; byCount: readonly (string | null)[] },
): Promise<Row> {
  const popularity = popularityOf(round);
  const rates = await ratesOf(node, popularity);
  const spread = (homes = homesOf(node)): number => spreadOf(rates, homes, nodeCount);
  const [startMs, movedBefore, before] = [performance.now(), movesOf(node), spread()];
  load.popularity = popularity;
  load.latenciesMs = [];
  load.failed = 0;
  let evenSinceMs = before < aim ? startMs : Number.POSITIVE_INFINITY;
  while (performance.now() < startMs + roundMs) {
    await new Promise((resolve) => setTimeout(resolve, lookMs));
    if (spread() >= aim) evenSinceMs = Number.POSITIVE_INFINITY;
    else evenSinceMs = Math.min(evenSinceMs, performance.now());
  }
  const moved = movesOf(node) - movedBefore;
  return {
    round,
    byCount: spread(byCount).toFixed(2),
    before: before.toFixed(2),
    after: spread().toFixed(2),
    evenAfterS: Math.round((evenSinceMs - startMs) / 100) / 10,
    moved,
    movedPercent: Math.round((1_000 * moved) / shards) / 10,
    asks: load.latenciesMs.length,
    failed: load.failed,
    p50Ms: quantile(load.latenciesMs, 0.5).toFixed(1),
    p99Ms: quantile(load.latenciesMs, 0.99).toFixed(1),
  };
}

/** The reference is the same load on the homes that counting gives, which `least-loaded` never changes. */
export const bench: Bench = {
  title: `the busiest of ${nodeCount} nodes against the mean, with Zipf's load on 1,000 entities that changes each minute (bounds: below ${aim} within 30 s, fewer than 5 % of ${shards} shards moved)`,
  async run({ rounds = 5, progress }) {
    const scene = await openScene();
    try {
      const nodes = await scene.cluster("load", nodeCount, { shards, strategy: "load" });
      const node = nodes[0] as ShardingNode;
      const byCount = homesOf(node);
      const load = new Load(nodes, popularityOf(1));
      const rows: Row[] = [];
      for (let round = 1; round <= rounds; round += 1) {
        const row = await measure(node, load, { round, byCount });
        progress(`round ${round}: ${Object.values(row).join(" ")}`);
        rows.push(row);
      }
      load.stop();
      const why = [...node.authority().state.plans.values()].at(-1)?.moves[0]?.why;
      progress(`the last plan's first move: ${why ?? "none"}`);
      progress(`load average ${loadavg()[1]?.toFixed(1)} on ${availableParallelism()} processors`);
      return rows;
    } finally {
      await scene.close();
    }
  },
};
