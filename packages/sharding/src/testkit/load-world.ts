import type { PlanRow } from "../core/cluster.ts";
import { shardOf } from "../core/hash.ts";
import type { NodeId, NodeRef } from "../core/ids.ts";
import { sameNode } from "../core/ids.ts";
import { loadReportMs } from "../core/load.ts";
import type { StrategyName } from "../core/log.ts";
import { ShardMeter } from "../runtime/data-plane/shard-meter.ts";
import { CoordinatorScene, group, lifeOf } from "./coordinator-scene.ts";
import type { Random } from "./sim/random.ts";

export interface LoadWorldOptions {
  readonly nodes: readonly NodeId[];
  readonly shards: number;
  readonly entities: number;
  /** Over the whole cluster. */
  readonly requestsPerSecond: number;
  /** Of each handler. @unit milliseconds */
  readonly handlerMs: number;
  readonly random: Random;
  /** @default "load" */
  readonly strategy?: StrategyName;
}

/** How long a step of the world is. @unit milliseconds */
const stepMs = 250;

/**
 * The real coordinator and the meters of each node's home, with requests drawn from a seed: each entity's share of
 * them is Zipf's, and which entity is how popular can be changed while it runs.
 */
export class LoadWorld {
  readonly scene: CoordinatorScene;
  /** Of each shard, per second. */
  rates: Float64Array;
  readonly #options: LoadWorldOptions;
  readonly #meters = new Map<string, ShardMeter>();
  /** Which life serves each shard, as its meter was told. */
  readonly #served: (NodeRef | null)[] = [];

  constructor(options: LoadWorldOptions) {
    this.#options = options;
    const { nodes, shards, strategy = "load" } = options;
    this.scene = CoordinatorScene.settled(nodes, { shards, strategy, movesInFlight: 4 });
    for (const name of nodes) this.#meterOf(name);
    this.rates = this.zipf(0);
    this.#serve();
  }

  get nowMs(): number {
    return this.scene.nowMs;
  }

  /** Of each shard: the entity of rank r gets 1/r of the first one's. @param turn another one, another order. */
  zipf(turn: number): Float64Array {
    const { entities, shards, requestsPerSecond } = this.#options;
    const rates = new Float64Array(shards);
    const parts = Array.from({ length: entities }, (_, i) => 1 / (i + 1) ** 0.99);
    const whole = parts.reduce((sum, part) => sum + part, 0);
    parts.forEach((part, rank) => {
      const shard = shardOf("default", "counter", `${turn}-${rank}`, shards);
      rates[shard] = (rates[shard] as number) + (requestsPerSecond * part) / whole;
    });
    return rates;
  }

  /** Another node takes part. */
  joins(name: NodeId): void {
    this.#meterOf(name);
    this.scene.joins(name);
  }

  /** Lets time pass. @param each called after each second. */
  run(ms: number, each: () => void = () => undefined): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.#requests();
      this.scene.tick(stepMs);
      this.#obey();
      this.#serve();
      if (this.nowMs % loadReportMs === 0) {
        this.reports();
        each();
      }
    }
  }

  /** What the homes say now. */
  reports(): void {
    for (const [life, meter] of this.#meters) {
      const name = [...this.scene.cluster.nodes.values()].find((n) => n.incarnation === life);
      if (name === undefined || name.state !== "up") continue;
      const { term } = this.scene.cluster;
      this.scene.says(name.nodeId, { tag: "shard-loads", term, ...meter.report(this.nowMs) });
    }
  }

  /** Of the fullest node against the mean, by the true rates. */
  spread(): number {
    const loads = new Map<string, number>();
    for (const { nodeId, state } of this.scene.cluster.nodes.values()) {
      if (state === "up") loads.set(nodeId, 0);
    }
    this.rates.forEach((rate, shard) => {
      const home = this.scene.ownerOf(shard);
      loads.set(home, (loads.get(home) ?? 0) + rate);
    });
    const all = [...loads.values()];
    return (Math.max(...all) * all.length) / all.reduce((sum, load) => sum + load, 0);
  }

  plans(): readonly PlanRow[] {
    return this.scene.plans();
  }

  /** Moves that were made. */
  moves(): number {
    const progress = this.plans().flatMap((plan) => plan.progress);
    return progress.filter(({ state }) => state === "done").length;
  }

  #meterOf(name: NodeId): void {
    const { shards } = this.#options;
    this.#meters.set(lifeOf(name).incarnation, new ShardMeter([{ group, shards }]));
  }

  #requests(): void {
    const { handlerMs, random } = this.#options;
    this.rates.forEach((rate, shard) => {
      const home = this.#served[shard];
      const meter =
        home === null || home === undefined ? undefined : this.#meters.get(home.incarnation);
      for (let left = poisson((rate * stepMs) / 1_000, random); left > 0; left -= 1) {
        meter?.record(group, shard, this.nowMs, handlerMs * (0.5 + random.next()));
      }
    });
  }

  /** Regions do at once what they are asked for. */
  #obey(): void {
    const { shards } = this.#options;
    for (let shard = 0; shard < shards; shard += 1) {
      if (this.scene.row(shard).state === "handing-off") this.scene.releases(shard);
      if (this.scene.row(shard).state === "starting") this.scene.hosts(shard);
    }
  }

  #serve(): void {
    const { shards } = this.#options;
    for (let shard = 0; shard < shards; shard += 1) {
      const row = this.scene.row(shard);
      const owner = row.state === "hosted" ? row.owner : null;
      const before = this.#served[shard] ?? null;
      if (owner === before || (owner !== null && before !== null && sameNode(owner, before)))
        continue;
      if (before !== null) this.#meters.get(before.incarnation)?.close({ group, shard });
      if (owner !== null) {
        const grant = { group, shard, epoch: row.epoch };
        this.#meters.get(owner.incarnation)?.open(grant, this.nowMs);
      }
      this.#served[shard] = owner;
    }
  }
}

/** Knuth's for the few, a normal one for the many. */
function poisson(mean: number, random: Random): number {
  if (mean > 30) {
    const normal =
      Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const end = Math.exp(-mean);
  let count = 0;
  for (let product = random.next(); product > end; product *= random.next()) count += 1;
  return count;
}
