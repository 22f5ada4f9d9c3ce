import type { Hub } from "../relay/hub.ts";
import type { Log } from "../relay/log.ts";
import type { Asker } from "../relay/node-tokens.ts";
import type { BlastRadius, LabRun, ParamValues, RunStep, RunVerdict } from "../wire/lab.ts";
import { ActFailedError, Actor } from "./actor.ts";
import { type Evidence, invariantsOf, type LivenessResult } from "./findings.ts";
import { JournalReader } from "./journal-reader.ts";
import { JournalWatch } from "./journal-watch.ts";
import { Probe, type Via } from "./probe.ts";
import { probedShards, probeEntities } from "./probe-plan.ts";
import { RunWatch } from "./run-watch.ts";
import {
  type Facts,
  type Planned,
  patienceMs,
  type Scenario,
  type Step,
  seconds,
} from "./scenarios/scenario.ts";
import { judge } from "./verdict.ts";

const lookEveryMs = 50;
/** So long the probe asks for nothing else when it writes what is to come too late. @unit milliseconds */
const quietMs = 150;
/** A fault goes on for so long at most until that can come too late: less than its ttl has to spare. @unit milliseconds */
const overtakeMs = 3000;

export interface RunRequest {
  readonly id: string;
  readonly scenario: Scenario;
  readonly facts: Facts;
  readonly planned: Planned;
  readonly params: ParamValues;
  readonly blast: BlastRadius;
  readonly expectedMs: number;
  readonly by: { readonly name: string; readonly asker: Asker };
}

export interface RunContext {
  readonly hub: Hub;
  readonly log: Log;
  /** Where the recording is; null where nothing records. */
  readonly position: () => number | null;
  /** Something worth telling has changed. */
  readonly changed: () => void;
}

/** Whoever stopped the run, and why. */
class CutShortError extends Error {}

/**
 * Drives one run from its first step to its verdict, on the console's server: no browser has to watch. Every fault has a
 * ttl that its node enforces, so a console that dies leaves nothing behind but an unfinished record.
 *
 * Longer than other files: it is the one driver, where steps, probe, watches and the record meet. What is decided is
 * elsewhere and pure (scenarios, verdict.ts, serve-watch.ts, probe-ledger.ts).
 */
export class Runner {
  readonly #request: RunRequest;
  readonly #context: RunContext;
  readonly #watch: RunWatch;
  readonly #probe: Probe;
  readonly #actor: Actor;
  /** Null: this console has no database to read from. */
  readonly #journal: JournalWatch | null;
  readonly #steps: readonly Step[];
  readonly #states: RunStep[];
  readonly #marks: LabRun["marks"] = [];
  readonly #liveness = new Map<"L1" | "L2" | "L4", LivenessResult>();
  readonly #notDone: string[] = [];
  readonly #startedAt = new Date();
  readonly #first: { readonly seq: number | null; readonly pos: number | null };
  #lastFaultMs: number | null = null;
  #lastHealMs: number | null = null;
  #takeover: { readonly tookMs: number; readonly boundMs: number } | null = null;
  #cutShort: string | null = null;
  #ended: { readonly at: Date; readonly ms: number; readonly pos: number | null } | null = null;
  #verdict: RunVerdict | null = null;
  #healed: LabRun["healed"] = null;

  constructor(request: RunRequest, context: RunContext) {
    const { facts, planned } = request;
    const { hub, log } = context;
    this.#request = request;
    this.#context = context;
    const nodes = facts.nodes.filter((it) => it.isUp).map((it) => it.nodeId);
    this.#watch = new RunWatch(hub, nodes);
    this.#actor = new Actor(hub, this.#watch, request.by.asker);
    this.#steps = [warmUp(facts, () => this.#isWarm()), ...planned.steps, settled(facts)];
    this.#states = this.#steps.map(toState);
    const probed = probedShards(facts, planned);
    this.#probe = new Probe({
      run: request.id.slice(0, 8),
      entities: probeEntities(request.id.slice(0, 8), countOf(hub), probed),
      asker: request.by.asker,
      vias: () => this.#vias(nodes),
      nowMs: () => this.#watch.nowMs(),
      isExcused: (nodeId, span) => this.#watch.excuses.touches(nodeId, span),
    });
    const { databaseUrl, cluster } = hub.config;
    this.#journal =
      databaseUrl === undefined
        ? null
        : new JournalWatch({
            reader: new JournalReader(databaseUrl, cluster, log),
            shards: [...probed.targets, ...probed.others, ...probed.quiet],
            nowMs: () => this.#watch.nowMs(),
            log,
            looked: (heads) => this.#probe.late.looked(heads),
          });
    this.#first = { seq: hub.authority.state?.seq ?? null, pos: context.position() };
  }

  /** @returns when everything is healed and judged. Never rejects. */
  async run(): Promise<LabRun> {
    this.#watch.start();
    this.#probe.start();
    this.#journal?.start();
    try {
      for (const [index, step] of this.#steps.entries()) await this.#take(step, index);
    } catch (error) {
      this.#noteFailure(error);
    }
    this.#probe.stop();
    await this.#actor.heal();
    if (this.#cutShort === null) await this.#probe.settle();
    await this.#journal?.end();
    await this.#untilHealed();
    this.#watch.stop();
    return this.#finish();
  }

  /** Ends it after the act under way, when its faults are healed; the verdict is not observed. */
  stop(why: string): void {
    this.#cutShort ??= why;
  }

  /** As it stands. */
  report(): LabRun {
    const [request, watch, probe] = [this.#request, this.#watch, this.#probe];
    const { facts, planned, scenario } = request;
    const { ledger } = probe;
    const state = this.#context.hub.authority.state;
    const elapsedMs = this.#ended?.ms ?? watch.nowMs();
    const invariants = invariantsOf(this.#evidence());
    const isFenced = invariants.find((it) => it.id === "S4")?.verdict === "holds";
    return {
      id: request.id,
      scenario: scenario.id,
      name: scenario.name,
      sentence: planned.sentence,
      hypothesis: [...planned.hypothesis],
      params: request.params,
      actor: request.by.name,
      cluster: this.#context.hub.config.cluster,
      leaseTtlMs: facts.leaseTtlMs,
      startedAt: this.#startedAt.toISOString(),
      endedAt: this.#ended?.at.toISOString() ?? null,
      state: this.#ended === null ? "running" : "ended",
      elapsedMs: Math.round(elapsedMs),
      expectedMs: request.expectedMs,
      blast: request.blast,
      steps: this.#states.map((it) => ({ ...it })),
      invariants,
      verdict: this.#verdict,
      faults: this.#actor.faults.map((it) => ({ ...it })),
      healed: this.#healed,
      figures: {
        takeoverMs: this.#takeover?.tookMs ?? null,
        takeoverBoundMs: this.#takeover?.boundMs ?? null,
        fencedWrites: isFenced ? probe.late.tried : null,
        calls: ledger.calls,
        failedCalls: ledger.failed,
        unknownCalls: ledger.unknown,
        worstPauseMs: ledger.acknowledged > 0 ? Math.round(probe.worstPauseMs) : null,
      },
      lanes: watch.lanes.all(),
      calls: { bucketMs: probe.bucketMs, answered: [...probe.answered], failed: [...probe.failed] },
      marks: this.#marks.map((it) => ({ ...it })),
      log: {
        history: state?.history ?? null,
        firstSeq: this.#first.seq,
        lastSeq: state?.seq ?? null,
      },
      tape: { firstPos: this.#first.pos, lastPos: this.#ended?.pos ?? null },
    };
  }

  async #take(step: Step, index: number): Promise<void> {
    const state = this.#states[index];
    if (state === undefined) return;
    state.state = "running";
    state.beganMs = this.#watch.nowMs();
    this.#context.changed();
    try {
      state.state = (await this.#do(step, state)) ? "done" : "failed";
    } catch (error) {
      state.state = "failed";
      state.note = error instanceof Error ? error.message : String(error);
      throw error;
    } finally {
      state.endedMs = this.#watch.nowMs();
      if (step.mark !== undefined && state.state === "done") {
        this.#marks.push({ atMs: state.endedMs, words: step.mark });
      }
      this.#context.changed();
    }
  }

  /** @returns whether what it waits for came true within its deadline. */
  async #do(step: Step, state: RunStep): Promise<boolean> {
    switch (step.tag) {
      case "act":
        await this.#act(step);
        return true;
      case "pass":
        await this.#pass(step.forMs);
        return true;
      case "wait":
        return await this.#wait(step, state);
      default:
        return step satisfies never;
    }
  }

  async #act({ acts, deadlineMs }: Extract<Step, { tag: "act" }>): Promise<void> {
    if (acts.some((it) => it.tag === "write-late")) {
      // A node sends one statement at a time on a connection: what is to come too late has to be the first.
      this.#probe.stop();
      this.#probe.late.begin();
      await this.#journal?.look();
    }
    for (const act of acts) {
      this.#goOn();
      if (act.tag === "write-late") {
        this.#probe.writeLate(act.nodeId);
        await pause(quietMs);
        continue;
      }
      if (act.tag === "heal") this.#probe.late.released();
      await this.#actor.act(act, (planId) => this.#untilPlanDone(planId, deadlineMs));
      if (act.tag === "heal") this.#lastHealMs = this.#watch.nowMs();
      else this.#lastFaultMs = this.#watch.nowMs();
    }
    this.#probe.start();
  }

  async #pass(forMs: number): Promise<void> {
    const endMs = (this.#lastFaultMs ?? this.#watch.nowMs()) + forMs;
    await this.#until(() => this.#watch.nowMs() >= endMs || "time", forMs + 60_000);
    if (this.#journal === null) return;
    await this.#until(() => this.#probe.late.areDue || "no head was claimed", overtakeMs);
  }

  async #wait(step: Extract<Step, { tag: "wait" }>, state: RunStep): Promise<boolean> {
    const isEnd = step.id === "settled";
    const sinceMs = (isEnd ? this.#lastHealMs : null) ?? this.#lastFaultMs ?? this.#watch.nowMs();
    const missing = await this.#until(
      () => step.until(this.#watch.seen(), this.#watch.nowMs() - sinceMs),
      step.deadlineMs,
    );
    const tookMs = Math.round(this.#watch.nowMs() - sinceMs);
    state.note = missing === null ? `after ${seconds(tookMs)}` : missing;
    if (missing !== null) {
      this.#missed(step, missing);
      return false;
    }
    if (step.takeover !== undefined && this.#takeover !== null) {
      state.note = `after ${seconds(this.#takeover.tookMs)}`;
    }
    if (step.orElse === "L4") this.#liveness.set("L4", { breach: null, figure: "nothing moved" });
    if (isEnd) {
      this.#liveness.set("L2", { breach: null, figure: seconds(tookMs) });
      if (!this.#liveness.has("L1")) {
        this.#liveness.set("L1", { breach: null, figure: seconds(tookMs) });
      }
    }
    return true;
  }

  #missed(step: Extract<Step, { tag: "wait" }>, missing: string): void {
    const sentence = `${step.words}: not within ${seconds(step.deadlineMs)}; ${missing}.`;
    if (step.orElse === "not-observed") throw new Error(sentence);
    if (!this.#liveness.get(step.orElse)?.breach) {
      this.#liveness.set(step.orElse, { breach: sentence, figure: "" });
    }
  }

  /** Whatever the run waits for meanwhile: a take-over is measured when it happens. */
  #lookForTakeover(): void {
    const faultMs = this.#lastFaultMs;
    if (faultMs === null || this.#takeover !== null) return;
    const tookMs = Math.round(this.#watch.nowMs() - faultMs);
    for (const step of this.#steps) {
      if (step.tag !== "wait" || step.takeover === undefined) continue;
      if (step.until(this.#watch.seen(), tookMs) !== true) continue;
      this.#noteTakeover(step.takeover.boundMs, tookMs);
      this.#marks.push({ atMs: this.#watch.nowMs(), words: "taken over" });
    }
  }

  #noteTakeover(boundMs: number, tookMs: number): void {
    this.#takeover = { tookMs, boundMs };
    if (tookMs <= boundMs) return;
    const breach = `The shard had no new home for ${seconds(tookMs)}; the bound is ${seconds(boundMs)}.`;
    this.#liveness.set("L1", { breach, figure: seconds(tookMs) });
  }

  /** @returns null when it has come true; otherwise what is missing. */
  async #until(isTrue: () => true | string, withinMs: number): Promise<string | null> {
    const endMs = this.#watch.nowMs() + withinMs;
    for (;;) {
      this.#lookForTakeover();
      const answer = isTrue();
      this.#goOn();
      if (answer === true) return null;
      if (this.#watch.nowMs() > endMs) return answer;
      await pause(lookEveryMs);
    }
  }

  /** Whatever is done is waited for, or a fault would be set after the heal; so each thing asks before it is done. */
  #goOn(): void {
    if (this.#cutShort !== null) throw new CutShortError(this.#cutShort);
  }

  async #untilPlanDone(planId: string, withinMs: number): Promise<void> {
    const missing = await this.#until(() => {
      const state = this.#watch.seen().planState(planId);
      return state === "done" || `the plan is ${state}`;
    }, withinMs);
    if (missing !== null) throw new ActFailedError(`The plan was not carried out: ${missing}.`);
  }

  #isWarm(): true | string {
    if (this.#probe.unavailable !== null) return true;
    return this.#probe.isWarm() || "the probe is not answered in every shard";
  }

  /** Asked in turn: also nodes that are broken, but not those that have left for good. */
  #vias(nodes: readonly string[]): Via[] {
    const { state } = this.#context.hub.authority;
    return nodes.flatMap((nodeId) => {
      const address = state?.nodes.get(nodeId)?.address;
      return address === undefined ? [] : [{ nodeId, address: address.replace(/\/+$/, "") }];
    });
  }

  /** Nodes say within a second which faults they have; those of this run should be none. */
  async #untilHealed(): Promise<void> {
    const endMs = this.#watch.nowMs() + 2000;
    while (this.#actor.residual() > 0 && this.#watch.nowMs() < endMs) await pause(lookEveryMs);
    const healed = this.#actor.faults.filter((it) => it.how === "healed").length;
    this.#healed = { healed, residual: this.#actor.residual() };
  }

  #noteFailure(error: unknown): void {
    if (error instanceof CutShortError) return;
    this.#notDone.push(error instanceof Error ? error.message : String(error));
    for (const state of this.#states) if (state.state === "waiting") state.state = "skipped";
  }

  #evidence(): Evidence {
    return {
      watch: this.#watch,
      probe: this.#probe,
      journal: this.#journal,
      isEnded: this.#ended !== null,
      essential: new Set(this.#request.scenario.essential),
      liveness: this.#liveness,
    };
  }

  /** What the scenario said would not happen, and did, without breaking an invariant. */
  #refuted(): string[] {
    const { failed, calls } = this.#probe.ledger;
    if (this.#request.planned.mayFailCalls !== false || failed === 0) return [];
    return [`No call was to fail; ${failed} of ${calls} did.`];
  }

  #finish(): LabRun {
    const { position } = this.#context;
    this.#ended = { at: new Date(), ms: this.#watch.nowMs(), pos: position() };
    const remarks =
      this.#takeover === null
        ? []
        : [
            `New owner after ${seconds(this.#takeover.tookMs)} (bound ${seconds(this.#takeover.boundMs)}).`,
          ];
    this.#verdict = judge({
      invariants: invariantsOf(this.#evidence()),
      refuted: this.#refuted(),
      notDone: this.#notDone,
      cutShort: this.#cutShort,
      remarks,
    });
    this.#context.changed();
    return this.report();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const toState = (step: Step): RunStep => ({
  ...{ id: step.id, words: step.words, state: "waiting", beganMs: null, endedMs: null },
  ...{ deadlineMs: step.tag === "pass" ? step.forMs : step.deadlineMs, note: null },
});

const warmUp = (facts: Facts, isWarm: () => true | string): Step => ({
  ...{ id: "warm", words: "The cluster is well, and the probe is answered", tag: "wait" },
  until: (seen) => {
    const why = seen.notOneCoordinator();
    const unserved = seen.unserved();
    if (why !== null) return why;
    return unserved === null ? isWarm() : `nobody serves ${unserved}`;
  },
  deadlineMs: patienceMs(facts),
  orElse: "not-observed",
});

const settled = (facts: Facts): Step => ({
  ...{ id: "settled", words: "Every shard is served, by one coordinator's word", tag: "wait" },
  ...{ mark: "settled", orElse: "L1", deadlineMs: patienceMs(facts) },
  until: (seen) => {
    const unserved = seen.unserved();
    if (unserved !== null) return `nobody serves ${unserved}`;
    return seen.notOneCoordinator() ?? true;
  },
});

const countOf = (hub: Hub): number => hub.authority.state?.groups.get("default")?.shards ?? 0;
