import type { WarmEntity } from "../../core/messages.ts";
import type { LogFn } from "../../node-api.ts";
import type { Clock } from "../../ports/clock.ts";
import { catalogOf } from "./catalog.ts";
import type { EntityCall } from "./context.ts";
import type { AnyEntityDefinition } from "./definition.ts";
import type { EntityJournal } from "./durable-store.ts";
import { entityKey } from "./entity-key.ts";
import { createLocalExecutor, type LocalExecutor } from "./executor.ts";
import type {
  CapturedEntity,
  EntityReply,
  EntityRequest,
  FromExecutor,
} from "./executor-messages.ts";
import { type PackedState, packState, StateReader } from "./packed-state.ts";

/** For tests: an executor with a clock that is moved by hand, a guard that can be shut, and what it said. */
export class ExecutorHarness {
  readonly clock = new HandClock();
  readonly executor: LocalExecutor;
  readonly said: FromExecutor[] = [];
  readonly calls: EntityCall[] = [];
  /** What durable entities had to say to an operator. */
  readonly logged: string[] = [];
  /** Whether the guard lets this epoch serve. */
  mayServe: (epoch: number) => boolean = () => true;
  answerCall: (call: EntityCall) => Promise<unknown> = async () => null;
  epoch = 1;
  #lastId = 0;

  constructor(entities: readonly AnyEntityDefinition[], journal?: EntityJournal, isTimed = false) {
    const log: LogFn = (level, message, fields) => {
      this.logged.push(`${level}: ${message} ${JSON.stringify(fields)}`);
    };
    this.executor = createLocalExecutor({
      catalog: catalogOf(entities),
      clock: this.clock,
      isTimed,
      guard: { mayServe: (_shard, epoch) => this.mayServe(epoch) },
      call: (call) => {
        this.calls.push(call);
        return this.answerCall(call);
      },
      durable: journal === undefined ? undefined : { journal, nodeId: "node-1", log },
    });
    this.executor.onMessage((message) => this.said.push(message));
  }

  open(epoch = 1, entities: readonly CapturedEntity[] | null = null): void {
    const handoffId = `to-${epoch}`;
    const state = packState(entities ?? []);
    if (state !== null) this.carry(handoffId, state);
    this.openCarried(epoch, state === null ? null : handoffId);
  }

  openCarried(epoch: number, carried: string | null): void {
    this.epoch = epoch;
    this.executor.post({ tag: "open", ...ref, epoch, incarnation: "life-1", carried });
  }

  carry(handoffId: string, { chunks }: PackedState): void {
    let received = 0;
    for (const bytes of chunks) {
      received += bytes.length;
      this.executor.post({ tag: "carry", ...ref, handoffId, bytes, received });
    }
  }

  openWarm(epoch: number, warm: readonly WarmEntity[]): void {
    this.epoch = epoch;
    const incarnation = "life-2";
    this.executor.post({ tag: "open", ...ref, epoch, incarnation, carried: null, warm });
  }

  reopen(epoch: number): void {
    this.epoch = epoch;
    this.executor.post({ tag: "reopen", ...ref, epoch, incarnation: "life-1" });
  }

  copy(handoffId = "h1", epoch = this.epoch): void {
    this.executor.post({ tag: "copy", ...ref, epoch, handoffId });
  }

  drain(handoffId = "h1", epoch = this.epoch, abortAfterMs: number | null = null): void {
    this.executor.post({ tag: "drain", ...ref, epoch, handoffId, abortAfterMs });
  }

  drop(epoch = this.epoch): void {
    this.executor.post({ tag: "drop", ...ref, epoch });
  }

  /** @returns the request's id. */
  send(
    type: string,
    id: string,
    command: string,
    input?: unknown,
    more?: Partial<EntityRequest>,
  ): number {
    this.#lastId += 1;
    const request = { ...ref, requestId: this.#lastId, epoch: this.epoch, namespace: "default" };
    const deadlineMs = Number.POSITIVE_INFINITY;
    this.executor.post({
      tag: "request",
      request: { ...request, type, id, command, input, deadlineMs, chain: [], key: null, ...more },
    });
    return request.requestId;
  }

  cancel(requestId: number): void {
    this.executor.post({ tag: "cancel", requestId });
  }

  /** @throws where the request was answered twice. */
  replyOf(requestId: number): EntityReply | undefined {
    const replies = this.said.filter(
      (message) => message.tag === "reply" && message.requestId === requestId,
    );
    if (replies.length > 1) throw new Error(`Request ${requestId} was answered twice (S8).`);
    const [reply] = replies;
    return reply?.tag === "reply" ? reply.reply : undefined;
  }

  /** `ok <value>`, `bounce`, `<CODE> executed=<word>`, or `none` while there is no reply. */
  outcome(requestId: number): string {
    return outcomeOf(this.replyOf(requestId));
  }

  ask(
    type: string,
    id: string,
    command: string,
    input?: unknown,
    more?: Partial<EntityRequest>,
  ): string {
    return this.outcome(this.send(type, id, command, input, more));
  }

  /** Messages about the shard, in order, with what its target would have in the end unpacked. */
  about(): readonly About[] {
    return this.said.flatMap((message): About[] => {
      if (message.tag === "reply" || message.tag === "carried") return [];
      if (message.tag !== "captured") return [message];
      const { state, ...rest } = message;
      return [{ ...rest, entities: unpack([...this.#copied(rest), ...(state?.chunks ?? [])]) }];
    });
  }

  #copied({ handoffId }: { readonly handoffId: string }): readonly Uint8Array[] {
    return this.said.flatMap((message) =>
      message.tag === "copied" && message.handoffId === handoffId ? message.chunks : [],
    );
  }
}

type Captured = Extract<FromExecutor, { tag: "captured" }>;
type About =
  | Exclude<FromExecutor, { tag: "reply" | "carried" | "captured" }>
  | (Omit<Captured, "state"> & { readonly entities: readonly CapturedEntity[] });

function unpack(chunks: readonly Uint8Array[]): readonly CapturedEntity[] {
  const reader = new StateReader();
  const entities = new Map<string, CapturedEntity>();
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let next = reader.next(); next !== null; next = reader.next()) {
      const key = entityKey(next.namespace, next.type, next.id);
      if ("gone" in next) entities.delete(key);
      else entities.set(key, next);
    }
  }
  return [...entities.values()];
}

export const ref = { group: "default", shard: 0 } as const;

function outcomeOf(reply: EntityReply | undefined): string {
  if (reply === undefined) return "none";
  if (reply.ok) return `ok ${JSON.stringify(reply.value)}`;
  if ("bounce" in reply) return "bounce";
  return `${reply.error.code} executed=${reply.error.executed}`;
}

/** Lets promises that are already settled run on. */
export const turns = async (count = 10): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
};

// Two executors never choose the same id.
let uuids = 0;

class HandClock implements Clock {
  /** How long it takes to look at it. @unit milliseconds */
  costMs = 0;
  #nowMs = 0;
  #timers: { atMs: number; fn: () => void }[] = [];

  monotonicMs(): number {
    this.#nowMs += this.costMs;
    return this.#nowMs;
  }

  bootMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, fn: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  random(): number {
    return 0.5;
  }

  uuid(): string {
    uuids += 1;
    return `00000000-0000-0000-0000-${String(uuids).padStart(12, "0")}`;
  }

  get timers(): number {
    return this.#timers.length;
  }

  /** Moves the clock on, firing timers in order. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      const due = this.#timers
        .filter((timer) => timer.atMs <= untilMs)
        .sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.fn();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }
}
