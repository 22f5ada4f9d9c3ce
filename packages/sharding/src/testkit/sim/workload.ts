import type { StandardSchemaV1 } from "@standard-schema/spec";
import { ShardingError } from "../../errors.ts";
import type { Clock } from "../../ports/clock.ts";
import {
  type AnyEntityDefinition,
  command,
  defineEntity,
} from "../../runtime/entities/definition.ts";
import { pause } from "../../runtime/pause.ts";
import { Crew } from "./crew.ts";
import { Lamps } from "./lamps.ts";
import { Ledgers } from "./ledger.ts";
import type { Random } from "./random.ts";
import type { SimCluster } from "./sim-cluster.ts";
import type { SimProcess } from "./sim-process.ts";
import type { Timeline } from "./timeline.ts";

interface Ask {
  readonly id: string;
  /** By the clock of the process, which stands still while its machine sleeps. */
  readonly endsMs: number;
  /** Whose answer it is to be. */
  readonly process: SimProcess;
  outcome: string | null;
}

interface Run {
  readonly id: string;
  /** How long the handler takes. @unit milliseconds */
  readonly tookMs: number;
}

const input: StandardSchemaV1<Run> = {
  "~standard": {
    version: 1,
    vendor: "sim",
    validate: (value) => ({ value: value as Run }),
  },
};

/** Some handlers outlast a handoff's patience. @unit milliseconds */
const slowestMs = 1_200;

/** How long a process that has slept through a deadline may take to say so. @unit milliseconds */
const wakeMs = 300;

/** Commands from every node to a few entities, and what became of each. */
export class Workload {
  readonly asks: Ask[] = [];
  readonly violations: string[] = [];
  readonly ledgers: Ledgers;
  readonly lamps = new Lamps();
  readonly crew = new Crew();
  readonly outcomes = new Map<string, number>();
  readonly #timeline: Timeline;
  readonly #started = new Map<string, string>();
  readonly #epochs = new Map<string, number>();
  #isEndLost = false;
  readonly #deadlineMs: number;

  constructor(timeline: Timeline, deadlineMs: number) {
    this.#timeline = timeline;
    this.ledgers = new Ledgers(() => timeline.nowMs);
    this.#deadlineMs = deadlineMs;
  }

  /** The entity as a node has it: it tells where each command starts. */
  definition(nodeId: string, clock: Clock): AnyEntityDefinition {
    return defineEntity("probe", {
      state: () => ({ commands: 0 }),
      commands: {
        run: command(input, async ({ state, entity, fence }, { id, tookMs }) => {
          this.#starts(nodeId, entity.id, id, fence.epoch);
          state.commands += 1;
          if (tookMs > 0) await pause(clock, tookMs);
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
    const endsMs = process.monotonicMs() + 1.1 * deadlineMs;
    const ask: Ask = { id, endsMs, process, outcome: null };
    this.asks.push(ask);
    const settle = (outcome: string): void => {
      if (ask.outcome !== null) this.violations.push(`S8: ${id} was answered twice`);
      ask.outcome = outcome;
      this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
      // Nobody answers while the process is paused; once it runs, the deadline's timer is due.
      const isAwake = this.#timeline.nowMs > process.wokeAtMs + wakeMs;
      const isLate = process.monotonicMs() > ask.endsMs;
      if (isLate && isAwake && process.isAlive) ask.outcome = `late ${outcome}`;
    };
    const kind = random.next();
    const { request, answered } =
      kind < 0.5
        ? this.ledgers.next(random)
        : kind < 0.55
          ? this.lamps.next(random)
          : this.#probe(random, id);
    node.ask({ ...request, deadlineMs }).then(
      ({ result }) => {
        answered(result);
        settle("answered");
      },
      (error: unknown) => settle(error instanceof ShardingError ? error.code : String(error)),
    );
  }

  /** What was acknowledged may be gone: that promise ends. */
  lost(): void {
    this.#isEndLost = true;
    this.ledgers.stop();
    this.lamps.stop();
    this.crew.lost();
  }

  /**
   * The epochs that the lost end had granted are granted once more from here on. Until then their homes may
   * serve under them, and nobody beside them.
   */
  elected(): void {
    this.crew.elected();
    if (this.#isEndLost) this.#epochs.clear();
    this.#isEndLost = false;
  }

  #probe(random: Random, id: string) {
    const tookMs = random.chance(0.1) ? random.between(0, slowestMs) : 0;
    const entity = `e${random.below(12)}`;
    const request = { type: "probe", id: entity, command: "run", input: { id, tookMs } };
    return { request, answered: () => undefined };
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
