import type { Clock } from "../../ports/clock.ts";
import { Checks } from "./checks.ts";
import { faults } from "./faults.ts";
import { lampEntity } from "./lamps.ts";
import { ledgerEntity } from "./ledger.ts";
import { operate } from "./operations.ts";
import { createRandom, fold } from "./random.ts";
import { SimCluster } from "./sim-cluster.ts";
import { defaultWeights, drawSteps, laneWeights, type Step, type StepWeights } from "./steps.ts";
import { Timeline } from "./timeline.ts";
import { unwell } from "./unwell.ts";
import { Workload } from "./workload.ts";

export interface SimOptions {
  readonly seed: number;
  /** @default 3 */
  readonly nodes?: number;
  /** Of them, the last ones: they only route. @default 0 */
  readonly proxies?: number;
  /** Threads of each node that run entities. @default 1: its own */
  readonly lanes?: number;
  /** @default 6 */
  readonly shards?: number;
  /** @unit milliseconds @default 1000 */
  readonly ttlMs?: number;
  /** How long steps happen. @unit milliseconds @default 8000 */
  readonly stepsMs?: number;
  /** @default 12 */
  readonly stepCount?: number;
  readonly weights?: Partial<StepWeights>;
  /** Instead of the seed's own. */
  readonly steps?: readonly Step[];
}

export interface SimResult {
  readonly seed: number;
  /** Empty when nothing was found. */
  readonly violations: readonly string[];
  readonly steps: readonly Step[];
  readonly transcript: readonly string[];
  /** Of everything that happened, in order: the same seed has the same. */
  readonly hash: number;
  readonly events: number;
  /** What was seen, and how often. */
  readonly coverage: ReadonlyMap<string, number>;
}

/** How long a cluster without faults may take until all is well again, in lease ttls. */
const quietTtls = 8;
/** And how long nothing may change then. */
const calmTtls = 1;
const askEveryMs = 60;
const scaleEveryMs = 4_000;

/** One run: a cluster, its commands, its operators and its faults, all of it decided by the seed. */
export async function simulate(options: SimOptions): Promise<SimResult> {
  const run = new Run(options);
  try {
    await run.play();
  } catch (error) {
    if (!(error instanceof SimStopped)) throw error;
  }
  return run.result();
}

/** The first violation ends a run: it is the one to understand. */
class SimStopped extends Error {}

class Run {
  readonly #options: Required<Omit<SimOptions, "weights" | "steps">>;
  readonly #timeline = new Timeline();
  readonly #transcript: string[] = [];
  readonly #coverage = new Map<string, number>();
  readonly #violations: string[] = [];
  readonly #nodeIds: readonly string[];
  readonly #steps: readonly Step[];
  readonly #workload: Workload;
  readonly #cluster: SimCluster;
  readonly #checks: Checks;
  readonly #asking;
  readonly #scaling;
  #hash: number;

  constructor(options: SimOptions) {
    const defaults = {
      nodes: 3,
      proxies: 0,
      lanes: 1,
      shards: 6,
      ttlMs: 1_000,
      stepsMs: 8_000,
      stepCount: 12,
    };
    this.#options = { ...defaults, ...options };
    const { seed, nodes, proxies, lanes, shards, ttlMs, stepsMs, stepCount } = this.#options;
    const timeline = this.#timeline;
    const random = createRandom(seed);
    this.#hash = seed;
    this.#nodeIds = Array.from({ length: nodes }, (_, i) => `node-${i + 1}`);
    const kinds = lanes === 1 ? defaultWeights : { ...defaultWeights, ...laneWeights };
    const weights = { ...kinds, ...options.weights };
    const draw = { nodeIds: this.#nodeIds, weights, count: stepCount, untilMs: stepsMs, ttlMs };
    this.#steps = options.steps ?? drawSteps(random.fork("faults"), draw);
    this.#asking = random.fork("asks");
    this.#scaling = random.fork("scales");
    this.#workload = new Workload(timeline, 3 * ttlMs);
    const entities = (nodeId: string, clock: Clock) => [
      this.#workload.definition(nodeId, clock),
      ledgerEntity,
      lampEntity,
    ];
    const daemons = (nodeId: string, clock: Clock) => [
      this.#workload.crew.definition(nodeId, clock, ttlMs),
    ];
    const say = (line: string): void => this.#say(line);
    const isProxy = (nodeId: string) => this.#nodeIds.indexOf(nodeId) >= nodes - proxies;
    const common = { timeline, random, lanes, shards, ttlMs, isProxy, drift: 0.004, say };
    this.#cluster = new SimCluster({ ...common, entities, daemons });
    this.#cluster.onLoss = () => {
      this.#say("the end of the log is lost");
      this.#checks.lost();
      this.#workload.lost();
    };
    this.#workload.ledgers.watch(this.#cluster.postgres);
    this.#workload.lamps.watch(this.#cluster.postgres);
    this.#checks = new Checks(this.#cluster);
    this.#checks.onEntry = (entry) => {
      this.#count("cause" in entry ? `${entry.type} ${entry.cause}` : entry.type);
      this.#say(`committed ${JSON.stringify(entry)}`);
      if (entry.type === "coordinator-elected") this.#workload.elected();
      const leader = this.#cluster.postgres.tables.state().coordinator;
      if (leader !== null) this.#cluster.points.reach(leader.nodeId, `committed:${entry.type}`);
    };
  }

  async play(): Promise<void> {
    const { ttlMs, stepsMs } = this.#options;
    for (const nodeId of this.#nodeIds) this.#cluster.start(nodeId);
    await this.#pass(ttlMs);
    this.#askOn();
    this.#scaleOn();
    const heals = this.#schedule();
    await this.#pass(stepsMs);
    this.#say("all faults end");
    for (const heal of heals) heal();
    this.#workload.crew.calm();
    await this.#pass(2 * ttlMs);
    this.#cluster.endDoubles();
    this.#cluster.restartAll();
    await this.#pass(2 * ttlMs);
    for (const nodeId of this.#cluster.postgres.tables.state().nodes.keys()) {
      this.#operate({ ...idleStep, kind: "uncordon", nodeId });
    }
    await this.#untilCalm();
  }

  /** Goes on until all is well and nothing has changed for a while, or for as long as that may take. */
  async #untilCalm(): Promise<void> {
    const { ttlMs } = this.#options;
    let amiss: readonly string[] = [];
    for (let waited = 0; waited < quietTtls; waited += calmTtls) {
      const { seq } = this.#cluster.postgres.tables.state();
      await this.#pass(calmTtls * ttlMs);
      amiss = unwell(this.#cluster, this.#workload, seq);
      if (amiss.length === 0) return;
    }
    this.#violations.push(...amiss);
  }

  result(): SimResult {
    for (const [outcome, count] of this.#workload.outcomes) this.#count(`ask ${outcome}`, count);
    for (const violation of this.#violations) this.#say(violation);
    return {
      ...{ seed: this.#options.seed, violations: this.#violations, steps: this.#steps },
      ...{ transcript: this.#transcript, hash: this.#hash },
      ...{ events: this.#timeline.events, coverage: this.#coverage },
    };
  }

  /** @returns what ends each step that has begun. */
  #schedule(): readonly (() => void)[] {
    const heals: (() => void)[] = [];
    for (const step of this.#steps) {
      this.#timeline.after(step.atMs, () => {
        this.#say(`step ${JSON.stringify(step)}`);
        this.#count(`step ${step.kind}`);
        const { kind } = step;
        if (!(kind in faults)) return this.#operate(step);
        const heal = faults[kind as keyof typeof faults](step, this.#cluster);
        heals.push(heal);
        this.#timeline.after(step.forMs, () => {
          this.#say(`healed ${kind} of ${step.nodeId}`);
          heal();
        });
      });
    }
    return heals;
  }

  #operate(step: Step): void {
    operate(step, this.#cluster, (outcome, isBug) => {
      this.#say(`operator: ${outcome}`);
      this.#count(`operator ${outcome}`);
      if (isBug) this.#violations.push(`S8: an operator heard ${outcome}`);
    });
  }

  #askOn(): void {
    this.#workload.ask(this.#cluster, this.#asking);
    this.#timeline.after(this.#asking.between(0, 2 * askEveryMs), () => this.#askOn());
  }

  #scaleOn(): void {
    if (this.#timeline.nowMs > this.#options.stepsMs) return;
    this.#workload.crew.scale(this.#cluster, this.#scaling, (outcome) => {
      this.#say(`scaled: ${outcome}`);
      this.#count(`scaled ${outcome}`);
    });
    this.#timeline.after(this.#scaling.between(0, scaleEveryMs), () => this.#scaleOn());
  }

  async #pass(ms: number): Promise<void> {
    await this.#timeline.run(this.#timeline.nowMs + ms, () => {
      this.#violations.push(...this.#checks.look(), ...this.#workload.violations.splice(0));
      this.#violations.push(...this.#workload.ledgers.violations.splice(0));
      this.#violations.push(...this.#cluster.violations.splice(0));
      this.#violations.push(...this.#workload.crew.violations.splice(0));
      if (this.#violations.length > 0) throw new SimStopped();
    });
  }

  #count(what: string, times = 1): void {
    this.#coverage.set(what, (this.#coverage.get(what) ?? 0) + times);
  }

  #say(line: string): void {
    const whole = `${this.#timeline.nowMs.toFixed(3)} ${line}`;
    this.#hash = fold(this.#hash, whole);
    this.#transcript.push(whole);
  }
}

/** What an operator's step need not say. */
const idleStep: Omit<Step, "kind" | "nodeId"> = {
  ...{ atMs: 0, forMs: 0, peer: "", direction: "both", strength: 0, point: "" },
};
