import type { NodeId, ShardRef } from "../../core/ids.ts";
import { StoreUnavailableError } from "../../errors.ts";
import type { LogFn } from "../../node-api.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Append, AppendResult, Journal } from "../../ports/journal.ts";
import { pause } from "../pause.ts";
import type { Activation } from "./activation.ts";
import { bodyHashOf } from "./body-hash.ts";
import { type Decision, type KeptAnswer, replyOf } from "./decision.ts";
import type { EntityReply, EntityRequest, ServingGuard } from "./executor-messages.ts";
import { HeadClaims } from "./head-claims.ts";
import { type Loaded, loadEntity } from "./load-entity.ts";
import { messageOf } from "./message-of.ts";
import { initialStateOf } from "./passivation.ts";
import { keyReused, notStarted, outcomeUnknown, refuse, storeUnavailable } from "./replies.ts";
import { Snapshots } from "./snapshots.ts";
import { storedEntity } from "./stored-entity.ts";
import type { TimerLoop } from "./timers/timer-loop.ts";

/** The part of the journal that the executor talks to. */
export type EntityJournal = Omit<Journal, "close">;

export interface DurableStoreParts {
  readonly journal: EntityJournal;
  readonly clock: Clock;
  readonly guard: ServingGuard;
  readonly nodeId: NodeId;
  readonly log: LogFn;
  readonly timers: TimerLoop;
  /** Events of the shard have committed. @default nobody wants to know */
  readonly stored?: (shard: ShardRef) => void;
}

export type Prepared =
  | { readonly tag: "ready"; readonly loaded: Loaded | null }
  /** Without running the command: its key has its answer, or it cannot be run. */
  | { readonly tag: "answered"; readonly reply: EntityReply }
  /** Another owner has claimed the head. */
  | { readonly tag: "fenced" };

export type Stored =
  | { readonly tag: "committed" }
  | { readonly tag: "fenced" }
  /** The journal knows something that this activation does not. */
  | { readonly tag: "conflict" }
  /** The lease was lost before it was known. */
  | { readonly tag: "unknown" }
  /** Not stored, or nothing of the state: the activation stays as it is. */
  | { readonly tag: "failed"; readonly reply: EntityReply };

/** What became of an append, in the end. */
type AppendEnd = AppendResult | "unknown" | "doubted";

interface Failure {
  readonly why: unknown;
}

/** Between two tries while Postgres does not answer, or does not take it. @unit milliseconds */
const retryMs = 20;
/**
 * So long before its deadline a command is not tried again: its caller has to hear that it was not executed
 * before it gives up by itself, which leaves it with an unknown outcome. @unit milliseconds
 */
const answerMs = 100;

/** What durable entities ask of the journal. No promise of it rejects. */
export class DurableStore {
  readonly #parts: DurableStoreParts;
  readonly #claims: HeadClaims;
  readonly #snapshots: Snapshots;

  constructor(parts: DurableStoreParts) {
    this.#parts = parts;
    this.#claims = new HeadClaims(parts.journal, parts.nodeId);
    this.#snapshots = new Snapshots(parts.journal, parts.log);
  }

  /** What a handler may ask for without waiting is known. */
  get isReady(): boolean {
    return this.#parts.timers.isReady;
  }

  /** Before a handler runs: the head is claimed, then the events are read, then the key is looked up. */
  async prepare(activation: Activation, request: EntityRequest): Promise<Prepared> {
    try {
      return await this.#persist(activation, request, () => this.#prepare(activation, request));
    } catch (error) {
      const reply =
        error instanceof StoreUnavailableError
          ? refuse(storeUnavailable(error.message))
          : refuse(notStarted(`${activation.key} could not be activated: ${messageOf(error)}`));
      return { tag: "answered", reply };
    }
  }

  /** The activation's state has so many more events behind it: to be kept, now and then. */
  folded(activation: Activation, events: number, size: number): void {
    this.#snapshots.folded(activation, events, size);
  }

  /** Whether the shard's head still names its owner, for a fenced read. */
  async checkFence(activation: Activation, request: EntityRequest): Promise<Stored> {
    const { ref, fence } = activation.shard;
    try {
      const holds = await this.#persist(activation, request, () =>
        this.#parts.journal.holds({ ...ref, ...fence }),
      );
      return { tag: holds ? "committed" : "fenced" };
    } catch (error) {
      return { tag: "failed", reply: refuse(storeUnavailable(messageOf(error))) };
    }
  }

  /**
   * Stores a decision. When the outcome is unknown it is looked up by the command's id, until it is known
   * or the lease is lost; only what certainly was not stored is sent again.
   */
  store(activation: Activation, request: EntityRequest, decision: Decision): Promise<Stored> {
    const append = this.#appendOf(activation, decision);
    if (!this.#claims.has(activation.shard))
      return this.#storeUntilKnown(activation, request, append);
    // What nearly all of them are: each function that waits in between would cost more than the append's row.
    return this.#parts.journal.append(append).then(
      (result) => this.#ended(activation, append, result),
      (why) => this.#storeUntilKnown(activation, request, append, { why }),
    );
  }

  #ended(activation: Activation, append: Append, result: AppendEnd): Stored {
    if (result === "committed") this.#committed(activation, append);
    return result === "doubted" ? { tag: "failed", reply: doubted } : { tag: result };
  }

  async #storeUntilKnown(
    activation: Activation,
    request: EntityRequest,
    append: Append,
    failure: Failure | null = null,
  ): Promise<Stored> {
    try {
      const result = await this.#store(activation, request, append, failure);
      return this.#ended(activation, append, result);
    } catch (error) {
      const message = messageOf(error);
      const wire =
        error instanceof StoreUnavailableError
          ? storeUnavailable(message)
          : notStarted(`Postgres refused to store it: ${message}`);
      return { tag: "failed", reply: refuse(wire) };
    }
  }

  #committed(activation: Activation, { events, isRemoval, commandId, timers }: Append): void {
    if (events.length > 0) this.#parts.stored?.(activation.shard.ref);
    if (isRemoval) this.#parts.timers.removed(activation);
    else if (timers !== null) this.#parts.timers.changed(activation, commandId, timers.changes);
  }

  /**
   * @param failed of a first try.
   * @throws where it was certainly not stored.
   */
  async #store(
    activation: Activation,
    request: EntityRequest,
    append: Append,
    failed: Failure | null,
  ): Promise<AppendEnd> {
    const { clock, journal } = this.#parts;
    for (let failure = failed; ; ) {
      if (failure !== null) {
        const known = await this.#settle(activation, append, failure.why);
        if (known !== "absent") return known;
        if (this.#isTooLate(request)) return this.#giveUp(activation, append, failure.why);
        // A disk that is full refuses within a millisecond, over and over.
        await pause(clock, retryMs);
      }
      // A head that was claimed is claimed again where the shard goes on under a higher epoch.
      const claim = await this.#persist(activation, request, () => this.#claim(activation));
      if (claim === "fenced") return claim;
      try {
        return await journal.append({ ...append, ...activation.shard.fence });
      } catch (why) {
        failure = { why };
      }
    }
  }

  /** Timers alone leave nothing that a command is found by: sent again they do no harm, and here they are in doubt. */
  #giveUp({ shard }: Activation, { events, outcome }: Append, why: unknown): "doubted" {
    if (events.length > 0 || outcome !== null) throw why;
    this.#parts.timers.doubt(shard);
    return "doubted";
  }

  async #prepare(activation: Activation, request: EntityRequest): Promise<Prepared> {
    if ((await this.#claim(activation)) === "fenced") return { tag: "fenced" };
    await this.#parts.timers.ready();
    const loaded = activation.loaded ? null : await load(activation, this.#parts.journal);
    if (request.key === null) return { tag: "ready", loaded };
    const entity = storedEntity(activation);
    const outcome = await this.#parts.journal.findOutcome(entity, request.key);
    if (outcome === null) return { tag: "ready", loaded };
    if (outcome.bodyHash !== bodyHashOf(request)) {
      const message = `The idempotency key was used for ${activation.key} with another command or input.`;
      return { tag: "answered", reply: refuse(keyReused(message)) };
    }
    return { tag: "answered", reply: replyOf(outcome.answer as KeptAnswer, outcome.version) };
  }

  /** @throws {StoreUnavailableError} also where somebody else's statement holds the head. */
  async #claim({ shard, key }: Activation): Promise<"claimed" | "fenced"> {
    const result = await this.#claims.claim(shard);
    if (result !== "busy") return result;
    throw new StoreUnavailableError(`The head of the shard of ${key} is held by another append.`);
  }

  /** What became of an append that failed: asked until it is known, or the lease is lost. */
  async #settle(
    { shard }: Activation,
    append: Append,
    why: unknown,
  ): Promise<"committed" | "absent" | "unknown"> {
    const { clock, guard, journal } = this.#parts;
    let failure = why;
    while (failure instanceof StoreUnavailableError) {
      if (!guard.mayServe(shard.ref, shard.epoch)) return "unknown";
      try {
        const found = await journal.findCommand({ ...append, key: append.outcome?.key ?? null });
        return found ? "committed" : "absent";
      } catch (error) {
        failure = error;
        await pause(clock, retryMs);
      }
    }
    throw failure;
  }

  /** Repeats what does no harm while Postgres does not answer, as long as somebody waits for it. */
  async #persist<T>(
    { shard }: Activation,
    request: EntityRequest,
    ask: () => Promise<T>,
  ): Promise<T> {
    const { clock, guard } = this.#parts;
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error;
        if (this.#isTooLate(request)) throw error;
        if (!guard.mayServe(shard.ref, shard.epoch)) throw error;
        await pause(clock, retryMs);
      }
    }
  }

  #isTooLate({ deadlineMs }: EntityRequest): boolean {
    return deadlineMs - answerMs <= this.#parts.clock.monotonicMs();
  }

  #appendOf(activation: Activation, { events, isRemoval, outcome, timers }: Decision): Append {
    return {
      ...storedEntity(activation),
      ...activation.shard.fence,
      ...{ version: activation.version, commandId: this.#parts.clock.uuid(), events, outcome },
      ...{ isRemoval, timers },
    };
  }
}

const doubted = refuse(outcomeUnknown("Postgres did not say whether its timers were set."));

const load = (activation: Activation, journal: EntityJournal): Promise<Loaded> =>
  loadEntity(journal, activation.type, storedEntity(activation), () => initialStateOf(activation));
