import { Checks } from "./checks.ts";
import { beginFault, defaultWeights, drawFaults, type Fault, type FaultWeights } from "./faults.ts";
import { createRandom, fold } from "./random.ts";
import { SimCluster } from "./sim-cluster.ts";
import { Timeline } from "./timeline.ts";
import { Workload } from "./workload.ts";

export interface SimOptions {
  readonly seed: number;
  /** @default 3 */
  readonly nodes?: number;
  /** @default 6 */
  readonly shards?: number;
  /** @unit milliseconds @default 1000 */
  readonly ttlMs?: number;
  /** How long faults happen. @unit milliseconds @default 8000 */
  readonly faultsMs?: number;
  /** @default 8 */
  readonly faultCount?: number;
  readonly weights?: Partial<FaultWeights>;
  /** Instead of the seed's own. */
  readonly faults?: readonly Fault[];
}

export interface SimResult {
  readonly seed: number;
  /** Empty when nothing was found. */
  readonly violations: readonly string[];
  readonly faults: readonly Fault[];
  readonly transcript: readonly string[];
  /** Of everything that happened, in order: the same seed has the same. */
  readonly hash: number;
  readonly events: number;
  /** What was seen, and how often. */
  readonly coverage: ReadonlyMap<string, number>;
}

/** How long a cluster without faults may take until all is well again, in lease ttls. */
const quietTtls = 8;
const askEveryMs = 60;

/** One run: a cluster, its commands and its faults, all of it decided by the seed. */
export async function simulate(options: SimOptions): Promise<SimResult> {
  const { seed, nodes = 3, shards = 6, ttlMs = 1_000, faultsMs = 8_000, faultCount = 8 } = options;
  const random = createRandom(seed);
  const timeline = new Timeline();
  const transcript: string[] = [];
  const coverage = new Map<string, number>();
  let hash = seed;
  const say = (line: string): void => {
    const whole = `${timeline.nowMs.toFixed(3)} ${line}`;
    hash = fold(hash, whole);
    transcript.push(whole);
  };
  const workload = new Workload(timeline, 3 * ttlMs);
  const entities = (nodeId: string) => [workload.definition(nodeId)];
  const drift = 0.004;
  const cluster = new SimCluster({ timeline, random, shards, ttlMs, drift, entities, say });
  const checks = new Checks(cluster);
  checks.onEntry = (entry) => {
    coverage.set(entry.type, (coverage.get(entry.type) ?? 0) + 1);
    say(`committed ${JSON.stringify(entry)}`);
  };
  const violations: string[] = [];
  const look = (): void => {
    violations.push(...checks.look(), ...workload.violations.splice(0));
    // A run that has failed need not go on: the first violation is the one to understand.
    if (violations.length > 0) throw new SimStopped();
  };

  const nodeIds = Array.from({ length: nodes }, (_, i) => `node-${i + 1}`);
  const weights = { ...defaultWeights, ...options.weights };
  const draw = { weights, count: faultCount, untilMs: faultsMs };
  const faults = options.faults ?? drawFaults(random.fork("faults"), nodeIds, draw);
  const asking = random.fork("asks");
  const askOn = (): void => {
    workload.ask(cluster, asking);
    timeline.after(asking.between(0, 2 * askEveryMs), askOn);
  };
  try {
    for (const nodeId of nodeIds) cluster.start(nodeId);
    await timeline.run(ttlMs, look);
    askOn();
    const heals: (() => void)[] = [];
    for (const fault of faults) {
      timeline.after(fault.atMs, () => {
        say(`fault ${JSON.stringify(fault)}`);
        const heal = beginFault(fault, cluster, timeline, 2 * ttlMs);
        heals.push(heal);
        timeline.after(fault.forMs, () => {
          say(`healed ${fault.kind} of ${fault.nodeId}`);
          heal();
        });
      });
    }
    await timeline.run(ttlMs + faultsMs, look);
    for (const heal of heals) heal();
    await timeline.run(timeline.nowMs + 2 * ttlMs, look);
    for (const nodeId of nodeIds) if (!cluster.nodes.has(nodeId)) cluster.start(nodeId);
    await timeline.run(timeline.nowMs + quietTtls * ttlMs, look);
    violations.push(...unwell(cluster, workload, timeline.nowMs));
  } catch (error) {
    if (!(error instanceof SimStopped)) throw error;
  }
  for (const [outcome, count] of workload.outcomes) coverage.set(`ask ${outcome}`, count);
  for (const violation of violations) say(violation);
  return { seed, violations, faults, transcript, hash, events: timeline.events, coverage };
}

class SimStopped extends Error {}

/** L1 and L2, and S8 for every ask whose time is over. */
function unwell(cluster: SimCluster, workload: Workload, nowMs: number): readonly string[] {
  const found: string[] = [];
  const state = cluster.postgres.tables.state();
  for (const [group, rows] of state.shards) {
    rows.forEach((row, shard) => {
      if (row.state !== "hosted") found.push(`L1: ${group}/${shard} is ${row.state}`);
    });
  }
  const all = [...cluster.nodes.values()];
  const leading = all.filter(({ node }) => node.belief().role === "coordinator").length;
  if (leading !== 1) found.push(`L2: ${leading} coordinators are active`);
  for (const { nodeId, node } of all) if (!node.isReady()) found.push(`L1: ${nodeId} is not ready`);
  for (const { id, endsMs, outcome } of workload.asks) {
    if (endsMs < nowMs && outcome?.startsWith("late") === true)
      found.push(`S8: ${id} was ${outcome}`);
  }
  return found;
}
