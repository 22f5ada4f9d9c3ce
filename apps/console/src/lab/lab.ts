import { z } from "zod";
import type { Hub } from "../relay/hub.ts";
import type { Log } from "../relay/log.ts";
import { askNode } from "../relay/node-http.ts";
import type { Asker } from "../relay/node-tokens.ts";
import type {
  Availability,
  LabFrame,
  LabPreview,
  LabRun,
  LabScenario,
  LabView,
  ParamValues,
  RunSummary,
  StartRun,
} from "../wire/lab.ts";
import { blastOf, expectedMsOf, factsOf } from "./facts.ts";
import { checkParams } from "./params.ts";
import type { RunStore } from "./run-store.ts";
import { Runner } from "./runner.ts";
import { scenarioOf, scenarios } from "./scenarios/index.ts";
import type { Facts, Planned, Scenario } from "./scenarios/scenario.ts";

/** How often those who watch are told, at most, and how often the record is written. @unit milliseconds */
const tellEveryMs = 250;
const saveEveryMs = 2000;
/** What is kept of runs while Postgres is away. */
const inMemory = 20;

export interface LabOptions {
  readonly hub: Hub;
  readonly log: Log;
  /** Null: there is no database, and runs end with this process. */
  readonly store: RunStore | null;
  /** Where the recording is. */
  readonly position: () => number | null;
}

/** Whose run it is, and with what it may ask the nodes. */
export interface RunBy {
  readonly name: string;
  readonly asker: Asker;
}

/** Why something was not done, as an HTTP problem says it. */
export class LabRefusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * The lab of one console: what can be tried here, and the one run that goes on.
 *
 * Longer than other files: who may begin, who watches and what is kept share the one run that there is.
 */
export class Lab {
  readonly #options: LabOptions;
  readonly #listeners = new Set<(frame: LabFrame) => void>();
  /** Runs of this process, latest last. */
  readonly #recent = new Map<string, LabRun>();
  #running: {
    readonly id: string;
    readonly runner: Runner;
    readonly ended: Promise<LabRun>;
  } | null = null;
  #isStarting = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #saver: ReturnType<typeof setInterval> | null = null;

  constructor(options: LabOptions) {
    this.#options = options;
  }

  start(): void {
    this.#saver = setInterval(() => this.#keep(), saveEveryMs);
  }

  /** Ends the run that goes on: its faults are healed before this process is. */
  async stop(): Promise<void> {
    if (this.#saver !== null) clearInterval(this.#saver);
    this.#running?.runner.stop("The console that ran it was stopped.");
    await this.#running?.ended;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#save();
  }

  listen(listener: (frame: LabFrame) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  frame(): LabFrame {
    return { run: this.#running?.runner.report() ?? [...this.#recent.values()].at(-1) ?? null };
  }

  /** @throws {LabRefusal} where no cluster is seen. */
  async view(): Promise<LabView> {
    const facts = await this.#facts();
    const runs = await this.list();
    const lastOf = (id: string) =>
      runs.find((it) => it.scenario === id && it.verdict !== null)?.verdict ?? null;
    const shown = scenarios.map((it): LabScenario => {
      const params = it.params(facts);
      const preview = previewOf(it, facts, {});
      return {
        ...{ id: it.id, name: it.name, params, essential: it.essential, last: lastOf(it.id) },
        ...preview,
      };
    });
    const running = runs.find((it) => it.verdict === null && it.endedAt === null)?.id ?? null;
    const notKept = this.#notKept();
    return { scenarios: shown, runs, running: this.#running?.id ?? running, notKept };
  }

  /** @throws {LabRefusal} */
  async preview(scenario: Scenario, given: ParamValues): Promise<LabPreview> {
    return previewOf(scenario, await this.#facts(), given);
  }

  async list(): Promise<RunSummary[]> {
    const own = [...this.#recent.values()].map(summaryOf);
    if (this.#running !== null) own.push(summaryOf(this.#running.runner.report()));
    const ids = new Set(own.map((it) => it.id));
    const kept = await this.#fromStore((store) => store.list(), []);
    return [...own, ...kept.filter((it) => !ids.has(it.id))].sort((a, b) =>
      b.startedAt.localeCompare(a.startedAt),
    );
  }

  /** Null: there is none. */
  async find(id: string): Promise<LabRun | null> {
    if (this.#running?.id === id) return this.#running.runner.report();
    return this.#recent.get(id) ?? (await this.#fromStore((store) => store.find(id), null));
  }

  /**
   * Begins a run. The same run twice is one run.
   *
   * @throws {LabRefusal} also where another run goes on, in whichever console of the cluster.
   */
  async begin(
    { run: id, scenario: scenarioId, params: given }: StartRun,
    by: RunBy,
  ): Promise<{ readonly run: LabRun; readonly isNew: boolean }> {
    const before = await this.find(id);
    if (before !== null) return { run: before, isNew: false };
    if (this.#running !== null || this.#isStarting) throw active(this.#running?.id);
    this.#isStarting = true;
    try {
      const facts = await this.#facts();
      const scenario = scenarioOf(scenarioId);
      const { params, planned } = planOf(scenario, facts, given);
      const availability = availabilityOf(scenario, facts);
      if (!availability.available) {
        throw new LabRefusal(409, "SCENARIO_UNAVAILABLE", availability.why);
      }
      const { hub, log, position } = this.#options;
      const runner = new Runner(
        {
          ...{ id, scenario, facts, planned, params, by },
          blast: blastOf(facts, planned),
          expectedMs: expectedMsOf(facts, planned),
        },
        { hub, log, position, changed: () => this.#tellSoon() },
      );
      await this.#claim(runner.report());
      const ended = runner.run().then((run) => this.#ended(run));
      this.#running = { id, runner, ended };
      return { run: runner.report(), isNew: true };
    } finally {
      this.#isStarting = false;
    }
  }

  /** @throws {LabRefusal} where it does not go on, or goes on elsewhere. */
  async end(id: string, actor: string): Promise<LabRun> {
    if (this.#running?.id !== id) {
      const run = await this.find(id);
      if (run === null) throw new LabRefusal(404, "RUN_UNKNOWN", `There is no run ${id}.`);
      const why =
        run.state === "ended" ? "It has ended." : "It goes on in another console: stop it there.";
      throw new LabRefusal(409, "RUN_ENDED", why);
    }
    const { runner, ended } = this.#running;
    runner.stop(`${actor} stopped it.`);
    return await ended;
  }

  /** Another console may have taken its turn since this one looked. */
  async #claim(run: LabRun): Promise<void> {
    const { store } = this.#options;
    if (store === null || store.whyNot() !== null) return;
    const isOurs = await this.#fromStore(async (it) => {
      await it.endLost();
      return await it.begin(run);
    }, true);
    if (isOurs) return;
    const running = (await this.list()).find((it) => it.endedAt === null);
    throw active(running?.id);
  }

  async #ended(run: LabRun): Promise<LabRun> {
    this.#running = null;
    this.#recent.set(run.id, run);
    for (const id of [...this.#recent.keys()].slice(0, -inMemory)) this.#recent.delete(id);
    this.#unsaved.add(run.id);
    this.#tell();
    await this.#save();
    return run;
  }

  readonly #unsaved = new Set<string>();

  #keep(): void {
    this.#save().catch((error: unknown) => {
      this.#options.log("warn", "runs not kept", { error: String(error) });
    });
  }

  /** The one that goes on, and those that have ended and could not be written yet. */
  async #save(): Promise<void> {
    await this.#fromStore(async (store) => {
      if (this.#running !== null) await store.save(this.#running.runner.report());
      else await store.endLost();
      for (const id of this.#unsaved) {
        const run = this.#recent.get(id);
        if (run !== undefined) await store.save(run);
        this.#unsaved.delete(id);
        await store.trim();
      }
    }, undefined);
  }

  async #facts(): Promise<Facts> {
    const facts = factsOf(this.#options.hub, await this.#whyNoRestart());
    if (facts !== null) return facts;
    throw new LabRefusal(503, "NOT_OBSERVED", "No node has been heard yet.");
  }

  async #whyNoRestart(): Promise<string | null> {
    const { loadUrl, tokens } = this.#options.hub.config;
    const foreign =
      "This console cannot restart your Postgres server; only pnpm start's own can be.";
    if (loadUrl === undefined) return foreign;
    const answer = await askNode(
      loadUrl,
      { token: tokens.admin, by: "console" },
      "GET",
      "postgres",
      undefined,
      2000,
    );
    if (!answer.ok) return foreign;
    return isOwn.safeParse(answer.body).success ? null : foreign;
  }

  #notKept(): string | null {
    const { store } = this.#options;
    return store === null ? "The console was given no DATABASE_URL." : store.whyNot();
  }

  /** What the store says, or `otherwise` where it cannot be asked now. */
  async #fromStore<T>(ask: (store: RunStore) => Promise<T>, otherwise: T): Promise<T> {
    const { store, log } = this.#options;
    if (store === null || store.whyNot() !== null) return otherwise;
    try {
      return await ask(store);
    } catch (error) {
      log("warn", "runs not readable", { error: String(error) });
      return otherwise;
    }
  }

  #tellSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#tell();
      if (this.#running !== null) this.#tellSoon();
    }, tellEveryMs);
  }

  #tell(): void {
    if (this.#listeners.size === 0) return;
    const frame = this.frame();
    for (const listener of this.#listeners) listener(frame);
  }
}

const isOwn = z.object({ isOwn: z.literal(true) });

const active = (id: string | undefined): LabRefusal =>
  new LabRefusal(
    409,
    "RUN_ACTIVE",
    `The run ${id ?? "of another console"} goes on: one at a time.`,
  );

function availabilityOf(scenario: Scenario, facts: Facts): Availability {
  const why =
    scenario.whyNot(facts) ?? (facts.shards.length === 0 ? "No shard has an owner." : null);
  return why === null ? { available: true } : { available: false, why };
}

/** @throws {LabRefusal} naming each parameter that is wrong. */
function planOf(
  scenario: Scenario,
  facts: Facts,
  given: ParamValues,
): { readonly params: ParamValues; readonly planned: Planned } {
  const labels = new Set(facts.shards.map((it) => it.label));
  const checked = checkParams(scenario.params(facts), given, labels);
  const wrong = checked.ok
    ? (scenario.whyNotThese?.(checked.values, facts) ?? null)
    : checked.wrong.join(" ");
  if (!checked.ok || wrong !== null) throw new LabRefusal(422, "BAD_PARAMS", wrong ?? "");
  return { params: checked.values, planned: scenario.plan(facts, checked.values) };
}

function previewOf(scenario: Scenario, facts: Facts, given: ParamValues): LabPreview {
  const availability = availabilityOf(scenario, facts);
  if (!availability.available) {
    const blast = blastOf(facts, {
      nodes: [],
      shards: [],
      sentence: "",
      hypothesis: [],
      steps: [],
    });
    return { sentence: scenario.name, hypothesis: [], blast, expectedMs: 0, availability };
  }
  const { planned } = planOf(scenario, facts, given);
  return {
    ...{ sentence: planned.sentence, hypothesis: planned.hypothesis, availability },
    ...{ blast: blastOf(facts, planned), expectedMs: expectedMsOf(facts, planned) },
  };
}

const summaryOf = (run: LabRun): RunSummary => ({
  ...{ id: run.id, scenario: run.scenario, name: run.name, startedAt: run.startedAt },
  ...{ endedAt: run.endedAt, actor: run.actor, verdict: run.verdict?.tag ?? null },
  reason: run.verdict?.reasons[0] ?? null,
});
