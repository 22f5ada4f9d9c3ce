import { z } from "zod";
import { askNode } from "../relay/node-http.ts";
import type { Asker } from "../relay/node-tokens.ts";
import { askEntity, type EntityAnswer } from "./ask-entity.ts";
import { LateWrites } from "./late-writes.ts";
import { type CallOutcome, type ProbeCall, ProbeLedger } from "./probe-ledger.ts";
import type { ProbeEntity } from "./probe-plan.ts";
import type { Span } from "./windows.ts";

const sendEveryMs = 25;
/** So many calls wait at one node at most: a stopped one must not collect them without end. */
const waitingLimit = 48;
const deadlineMs = 2000;
/** A node may be late with its answer by so much before it counts as none. @unit milliseconds */
const patienceMs = 4000;
/** Stored events are read back whole, and a node tells so many at most. */
const depositLimit = 900;
/** So many accounts are read at the same time. */
const readers = 8;
/** So many acknowledged deposits are asked a second time, each of another account. */
const repeats = 8;
const bucketMs = 200;
const bucketLimit = 3000;

export interface ProbeOptions {
  readonly run: string;
  readonly entities: readonly ProbeEntity[];
  readonly asker: Asker;
  /** Addresses of the nodes, asked in turn. */
  readonly vias: () => readonly Via[];
  /** On the run's clock. */
  readonly nowMs: () => number;
  /** Whether the run itself kept the node from answering then. */
  readonly isExcused: (nodeId: string, span: Span) => boolean;
}

export interface Via {
  readonly nodeId: string;
  readonly address: string;
}

const storedAnswer = z.object({
  stored: z.object({
    version: z.int().nullable(),
    events: z.array(
      z.object({ type: z.string(), data: z.looseObject({ amount: z.number().optional() }) }),
    ),
  }),
});

/**
 * A small steady load of the run's own, on entities of its own, through every node in turn, also the broken ones. What it
 * was promised and what is there afterwards is what S5 and S8 are judged by, and who answered when is evidence for S1.
 */
export class Probe {
  readonly ledger = new ProbeLedger();
  readonly late = new LateWrites();
  readonly answered: number[] = [];
  readonly failed: number[] = [];
  /** Why there is nothing to judge; null: there is. */
  unavailable: string | null = null;
  worstPauseMs = 0;
  readonly #options: ProbeOptions;
  readonly #waiting = new Map<string, number>();
  readonly #lastDone = new Map<string, number>();
  readonly #amounts = new Map<string, number>();
  #turn = 0;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  get bucketMs(): number {
    return bucketMs;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#send(), sendEveryMs);
  }

  /** Sends no more. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Whether each of its shards has answered. */
  isWarm(): boolean {
    return this.#options.entities.every((it) => this.#lastDone.has(it.shard));
  }

  /**
   * Settles what is in doubt, and reads back. To be called after {@link stop}, when the cluster is well.
   *
   * What was acknowledged is asked again only after it was read: a lost one would be carried out, and be there.
   */
  async settle(): Promise<void> {
    const { ledger } = this;
    await this.#untilAnswered();
    await together(ledger.inDoubt(), (it) => this.#repeat(it));
    await together(ledger.accounts, (it) => this.#readBack(it));
    const repeated = ledger.toRepeat(repeats);
    await together(repeated, (it) => this.#repeat(it));
    await together(repeated, (it) => this.#readBack(it.account));
  }

  async #untilAnswered(): Promise<void> {
    while (this.ledger.waiting > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  #send(): void {
    const vias = this.#options.vias();
    const { entities } = this.#options;
    const turn = this.#turn++;
    const round = Math.floor(turn / entities.length);
    const entity = entities[turn % entities.length];
    // Each entity through another node in each round.
    const via = vias[((turn % entities.length) + round) % vias.length];
    if (entity === undefined || via === undefined || this.unavailable !== null) return;
    if ((this.#waiting.get(via.nodeId) ?? 0) >= waitingLimit) return;
    void this.#call(entity, via, entity.isQuiet === true || round % 3 === 2);
  }

  async #call(entity: ProbeEntity, via: Via, isRead: boolean): Promise<CallOutcome> {
    const { command, input, amount } = this.#command(entity, isRead);
    const deposit = amount === null ? null : { account: entity.id, amount };
    const call: ProbeCall = {
      ...{ deposit, via: via.nodeId, deadlineMs },
      sentMs: this.#options.nowMs(),
    };
    this.ledger.sent(call);
    this.#waiting.set(via.nodeId, (this.#waiting.get(via.nodeId) ?? 0) + 1);
    const answer = await this.#ask(entity, via, command, input, amount);
    this.#waiting.set(via.nodeId, (this.#waiting.get(via.nodeId) ?? 1) - 1);
    this.#ended(call, entity, answer);
    return answer.outcome;
  }

  /** Writes once to each quiet entity through `nodeId`, which has just been cut off from Postgres. */
  writeLate(nodeId: string): void {
    const via = this.#options.vias().find((it) => it.nodeId === nodeId);
    if (via === undefined) return;
    for (const it of this.#options.entities) if (it.isQuiet) void this.#writeLate(it, via);
  }

  async #writeLate(entity: ProbeEntity, via: Via): Promise<void> {
    this.late.sent(entity.shard);
    this.late.ended(entity.shard, await this.#call(entity, via, false));
  }

  #command({ type, id }: ProbeEntity, isRead: boolean) {
    if (type === "counter") return { command: "add", input: { by: 1 }, amount: null };
    if (type === "register") {
      const write = { command: "write", input: { value: this.#turn }, amount: null };
      return isRead ? { command: "read", input: null, amount: null } : write;
    }
    const amount = (this.#amounts.get(id) ?? 0) + 1;
    if (isRead || amount > depositLimit) return { command: "balance", input: null, amount: null };
    this.#amounts.set(id, amount);
    return { command: "deposit", input: { amount }, amount };
  }

  #ask(
    entity: Pick<ProbeEntity, "type" | "id">,
    via: Via,
    command: string,
    input: unknown,
    amount: number | null,
  ): Promise<EntityAnswer> {
    const { asker, run } = this.#options;
    const { token } = asker;
    const key = amount === null ? null : `lab-${run}-${entity.id}-${amount}`;
    const { type, id } = entity;
    return askEntity({
      ...{ address: via.address, token, type, id, command, input, key },
      ...{ deadlineMs, patienceMs },
    });
  }

  #ended(call: ProbeCall, entity: ProbeEntity, { outcome }: EntityAnswer): void {
    const nowMs = this.#options.nowMs();
    const span = { fromMs: call.sentMs, toMs: nowMs };
    const isLost = outcome.tag === "lost" && this.#options.isExcused(call.via, span);
    this.ledger.ended(call, isLost ? { tag: "lost", isExcused: true } : outcome, nowMs);
    this.#count(outcome.tag === "done" ? this.answered : this.failed, nowMs);
    if (outcome.tag === "refused" && outcome.code === "ENTITY_TYPE_UNKNOWN") {
      this.unavailable ??= `This cluster has no sample entity "${entity.type}" that the probe could ask.`;
    }
    if (outcome.tag !== "done") return;
    const last = this.#lastDone.get(entity.shard);
    if (last !== undefined) this.worstPauseMs = Math.max(this.worstPauseMs, nowMs - last);
    this.#lastDone.set(entity.shard, nowMs);
  }

  #count(buckets: number[], nowMs: number): void {
    const at = Math.min(bucketLimit - 1, Math.floor(nowMs / bucketMs));
    for (const list of [this.answered, this.failed]) while (list.length <= at) list.push(0);
    buckets[at] = (buckets[at] ?? 0) + 1;
  }

  /** The same key again: whoever carried it out answers the first answer, nobody carries it out twice. */
  async #repeat({ account, amount }: { readonly account: string; readonly amount: number }) {
    for (const via of this.#options.vias()) {
      const entity = { type: "account", id: account } as const;
      const { outcome } = await this.#ask(entity, via, "deposit", { amount }, amount);
      const isDone = outcome.tag === "done";
      if (isDone) this.ledger.confirm(account, amount);
      if (isDone || outcome.tag === "refused") return;
    }
  }

  async #balanceOf(account: string, via: Via): Promise<number | null> {
    const entity = { type: "account", id: account } as const;
    return balanceIn(await this.#ask(entity, via, "balance", null, null));
  }

  async #readBack(account: string): Promise<void> {
    const { asker } = this.#options;
    let why = "no node answered";
    for (const via of this.#options.vias()) {
      const path = `/v1/entities/account/${encodeURIComponent(account)}?events=1000`;
      const answer = await askNode(via.address, asker, "GET", path, undefined, 5000);
      const stored = answer.ok ? storedAnswer.safeParse(answer.body) : null;
      if (stored?.success !== true) {
        why = answer.ok ? "its answer cannot be read" : answer.problem.title;
        continue;
      }
      const { events, version } = stored.data.stored;
      if ((version ?? 0) > events.length) {
        why = `it has ${version} events, and a node tells ${events.length}`;
        break;
      }
      const amounts = events.map((it) => it.data.amount ?? 0);
      const balance = await this.#balanceOf(account, via);
      return this.ledger.judge({ account, amounts, balance });
    }
    this.ledger.unread ??= `account/${account} could not be read back: ${why}.`;
  }
}

/** All of them, a few at a time. */
async function together<T>(items: readonly T[], visit: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const visitNext = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await visit(item);
  };
  await Promise.all(Array.from({ length: readers }, visitNext));
}

const balanceIn = ({ outcome, result }: EntityAnswer): number | null => {
  if (outcome.tag !== "done" || typeof result !== "object" || result === null) return null;
  return "balance" in result && typeof result.balance === "number" ? result.balance : null;
};
