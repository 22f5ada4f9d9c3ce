import type { StandardSchemaV1 } from "@standard-schema/spec";
import { ShardingError } from "../../errors.ts";
import {
  type AnyEntityDefinition,
  command,
  defineEntity,
} from "../../runtime/entities/definition.ts";
import type { Random } from "./random.ts";
import type { SimCluster } from "./sim-cluster.ts";
import type { Timeline } from "./timeline.ts";

interface Ask {
  readonly id: string;
  readonly endsMs: number;
  outcome: string | null;
}

const input: StandardSchemaV1<{ id: string }> = {
  "~standard": {
    version: 1,
    vendor: "sim",
    validate: (value) => ({ value: value as { id: string } }),
  },
};

/** How long a process that has slept through a deadline may take to say so. @unit milliseconds */
const wakeMs = 300;

/** Commands from every node to a few entities, and what became of each. */
export class Workload {
  readonly asks: Ask[] = [];
  readonly violations: string[] = [];
  readonly outcomes = new Map<string, number>();
  readonly #timeline: Timeline;
  readonly #started = new Map<string, string>();
  readonly #epochs = new Map<string, number>();
  readonly #deadlineMs: number;

  constructor(timeline: Timeline, deadlineMs: number) {
    this.#timeline = timeline;
    this.#deadlineMs = deadlineMs;
  }

  /** The entity as a node has it: it tells where each command starts. */
  definition(nodeId: string): AnyEntityDefinition {
    return defineEntity("probe", {
      state: () => ({ commands: 0 }),
      commands: {
        run: command(input, ({ state, entity, fence }, { id }) => {
          this.#starts(nodeId, entity.id, id, fence.epoch);
          state.commands += 1;
          return state.commands;
        }),
      },
    }) as unknown as AnyEntityDefinition;
  }

  ask(cluster: SimCluster, random: Random): void {
    const nodes = [...cluster.nodes.values()].filter((it) => it.process.isRunning);
    if (nodes.length === 0) return;
    const { node, process } = random.pick(nodes);
    const id = `c${this.asks.length}`;
    const deadlineMs = this.#deadlineMs;
    const ask: Ask = { id, endsMs: this.#timeline.nowMs + 1.1 * deadlineMs, outcome: null };
    this.asks.push(ask);
    const settle = (outcome: string): void => {
      if (ask.outcome !== null) this.violations.push(`S8: ${id} was answered twice`);
      ask.outcome = outcome;
      this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
      // Nobody answers while the process is paused; once it runs, the deadline's timer is due.
      const latestMs = Math.max(ask.endsMs, process.wokeAtMs + wakeMs);
      if (this.#timeline.nowMs > latestMs && process.isAlive) ask.outcome = `late ${outcome}`;
    };
    const request = { type: "probe", id: `e${random.below(12)}`, command: "run", input: { id } };
    node.ask({ ...request, deadlineMs }).then(
      () => settle("answered"),
      (error: unknown) => settle(error instanceof ShardingError ? error.code : String(error)),
    );
  }

  #starts(nodeId: string, entity: string, id: string, epoch: number): void {
    const where = `${nodeId} at epoch ${epoch}`;
    const before = this.#started.get(id);
    if (before !== undefined)
      this.violations.push(`S8: ${id} started at ${before} and at ${where}`);
    this.#started.set(id, where);
    const highest = this.#epochs.get(entity) ?? 0;
    if (epoch < highest) {
      this.violations.push(`S1: ${entity} ran at ${where} after epoch ${highest}`);
    }
    this.#epochs.set(entity, Math.max(highest, epoch));
  }
}
