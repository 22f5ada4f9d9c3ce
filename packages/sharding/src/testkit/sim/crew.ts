import { daemonGroup } from "../../core/daemons.ts";
import { ShardingError } from "../../errors.ts";
import type { Clock } from "../../ports/clock.ts";
import {
  type DaemonContext,
  type DaemonDefinition,
  defineDaemon,
} from "../../runtime/daemons/definition.ts";
import type { Random } from "./random.ts";
import type { SimCluster } from "./sim-cluster.ts";

const name = "crew";
const never = new Promise<void>(() => undefined);

/** A daemon whose workers now and then throw or hang. L3: in the end all of them run, where their shard is. */
export class Crew {
  readonly violations: string[] = [];
  readonly #fences = new Map<number, number>();
  #isEndLost = false;
  #fails = true;

  /** The daemon as a node has it: it tells where each run starts. */
  definition(nodeId: string, clock: Clock, ttlMs: number): DaemonDefinition {
    const run = async (context: DaemonContext): Promise<void> => {
      this.#starts(nodeId, context);
      for await (const _ of context.ticks(ttlMs / 2)) {
        const chance = clock.random();
        if (this.#fails && chance < 0.02) throw new Error("by chance");
        if (this.#fails && chance < 0.04) await never;
      }
    };
    return defineDaemon(name, { workers: 2, run });
  }

  /** Some operator wants another number of workers. */
  scale(cluster: SimCluster, random: Random, say: (outcome: string) => void): void {
    const nodes = [...cluster.nodes.values()].filter(({ process }) => process.isRunning);
    if (nodes.length === 0) return;
    const workers = random.below(4);
    random
      .pick(nodes)
      .node.scaleDaemon(name, workers)
      .then(
        () => say(`${workers}`),
        (error: unknown) => say(error instanceof ShardingError ? error.code : String(error)),
      );
  }

  /** Whoever runs goes on to run from now on. */
  calm(): void {
    this.#fails = false;
  }

  lost(): void {
    this.#isEndLost = true;
  }

  /** The epochs that the lost end had granted are granted once more from here on. */
  elected(): void {
    if (this.#isEndLost) this.#fences.clear();
    this.#isEndLost = false;
  }

  /** Workers that do not run where their shard is, or run where it is not. */
  amiss(cluster: SimCluster): readonly string[] {
    const state = cluster.postgres.tables.state();
    const group = daemonGroup(name);
    const workers = state.groups.get(group)?.workers ?? 0;
    const wanted = (state.shards.get(group) ?? []).slice(0, workers).map((row, index) => {
      const home = row.state === "hosted" ? row.owner.nodeId : row.state;
      return `${index} at ${home} under ${row.epoch}`;
    });
    const running = runsOf(cluster);
    const missing = wanted.filter((run) => !running.includes(run));
    const surplus = running.filter((run) => !wanted.includes(run));
    return [
      ...missing.map((run) => `L3: worker ${run} does not run`),
      ...surplus.map((run) => `L3: worker ${run} runs, of ${workers}`),
    ];
  }

  #starts(nodeId: string, { index, fence }: DaemonContext): void {
    const highest = this.#fences.get(index) ?? 0;
    if (fence <= highest)
      this.violations.push(`S2: worker ${index} at ${nodeId} has fence ${fence} after ${highest}`);
    this.#fences.set(index, Math.max(highest, fence));
  }
}

const runsOf = (cluster: SimCluster): readonly string[] =>
  [...cluster.nodes.values()].flatMap(({ nodeId, node }) =>
    (node.daemons()[0]?.here ?? [])
      .filter(({ state }) => state === "running")
      .map(({ index, fence }) => `${index} at ${nodeId} under ${fence}`),
  );
