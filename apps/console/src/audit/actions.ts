import { randomUUID } from "node:crypto";
import type { Caller } from "../access/access.ts";
import { RateLimit } from "../access/rate-limit.ts";
import type { NodeAnswer } from "../relay/node-http.ts";
import { type Asker, askerOf, type NodeTokens } from "../relay/node-tokens.ts";
import type { ActionName } from "../wire/action-words.ts";
import type { Facts } from "../wire/audit-view.ts";
import type { Problem } from "../wire/commands.ts";
import type { ActedFrame } from "../wire/relay-frames.ts";
import { may, type Role } from "../wire/roles.ts";
import type { Actor } from "../wire/session-view.ts";
import type { AuditLog } from "./audit-log.ts";
import type { AuditRow } from "./audit-row.ts";
import type { AuditTable } from "./audit-table.ts";
import { factsAfter } from "./before-after.ts";
import { outcomeBody, savedAnswer } from "./outcome-body.ts";
import { accessProblem, keyReused, tooMany, underWay } from "./refusals.ts";

/** How long an action may wait for Postgres to say that it is the first of its key. @unit milliseconds */
const claimMs = 250;
/** How long another console's answer is waited for. @unit milliseconds */
const othersAnswerMs = 10_000;
const othersPollMs = 200;
/** Answers that are kept for a repeated question. */
const answersKept = 1000;

/** Something that somebody wants done. */
export interface Asked {
  readonly caller: Caller;
  /** Where the request came from. */
  readonly address: string;
  /** What the page calls this action, however often it sends it; null from a program that does not care. */
  readonly key: string | null;
  readonly needs: Role;
  readonly name: ActionName;
  readonly body: unknown;
  readonly before: Facts | null;
  /** Never held up: neither by Postgres nor by what else was asked for. */
  readonly isHealing: boolean;
}

export interface ActionsOptions {
  readonly audit: AuditLog;
  /** Null without Postgres: this process alone knows its keys. */
  readonly table: AuditTable | null;
  readonly tokens: NodeTokens;
  readonly tell: (frame: ActedFrame) => void;
  /** Position of the tape; null while nothing is recorded. */
  readonly position: () => number | null;
}

type Answer = { readonly print: string; readonly answer: Promise<NodeAnswer> };

/**
 * Everything that changes something goes through here: it is asked once who may, done once for each key,
 * and written down twice, as what was wanted and as what came of it.
 */
export class Actions {
  readonly #options: ActionsOptions;
  readonly #answers = new Map<string, Answer>();
  readonly #perSession = new RateLimit({ burst: 40, everyMs: 100 });
  readonly #perAddress = new RateLimit({ burst: 120, everyMs: 50 });
  readonly #healing = new RateLimit({ burst: 40, everyMs: 100 });
  readonly #refusals = new RateLimit({ burst: 30, everyMs: 2000 });
  /** Above what a hand that drags the time bar asks for; some reads make work for nodes. */
  readonly #reads = new RateLimit({ burst: 400, everyMs: 20 });

  constructor(options: ActionsOptions) {
    this.#options = options;
  }

  async act(
    asked: Asked,
    perform: (asker: Asker, actor: Actor) => Promise<NodeAnswer>,
  ): Promise<NodeAnswer> {
    const { caller, needs } = asked;
    if (caller.tag === "nobody" || !may(caller.actor.role, needs)) {
      return this.refuse(asked, accessProblem(caller, needs));
    }
    const print = JSON.stringify([caller.actor, asked.name, asked.body]);
    const known = asked.key === null ? undefined : this.#answers.get(asked.key);
    if (known !== undefined) {
      return known.print === print ? await known.answer : this.refuse(asked, keyReused);
    }
    const waitMs = this.#limit(asked, caller);
    if (waitMs > 0) return this.refuse(asked, tooMany(waitMs));
    const action = asked.key ?? randomUUID();
    const answer = this.#carryOut(action, asked, caller.actor, perform);
    this.#keep(action, { print, answer });
    return await answer;
  }

  /** Something that changes nothing and needs a role all the same, like a preview: it is not written down. */
  async look(asked: Asked, perform: (asker: Asker) => Promise<NodeAnswer>): Promise<NodeAnswer> {
    const { caller, needs } = asked;
    if (caller.tag === "nobody" || !may(caller.actor.role, needs)) {
      return this.refuse(asked, accessProblem(caller, needs));
    }
    const waitMs = this.#limit(asked, caller);
    if (waitMs > 0) return this.refuse(asked, tooMany(waitMs));
    return await perform(askerOf(this.#options.tokens, caller.actor));
  }

  /** Null where somebody may read on: whoever reads too much waits, and nobody else does. */
  refuseRead(caller: Extract<Caller, { tag: "actor" }>, address: string): NodeAnswer | null {
    const waitMs = this.#reads.take(caller.session?.id ?? address);
    return waitMs === 0 ? null : { ok: false, reached: true, problem: tooMany(waitMs) };
  }

  /** Whether this process carried it out, or was asked to. */
  has(action: string): boolean {
    return this.#answers.has(action);
  }

  /** Writes a refusal down, as far as they do not come too fast, and answers it. */
  refuse(asked: Omit<Asked, "needs" | "isHealing">, problem: Problem): NodeAnswer {
    const answer: NodeAnswer = { ok: false, reached: true, problem };
    if (this.#refusals.take(asked.address) > 0) this.#options.audit.noteNotKept();
    else this.note(asked, answer, "refused");
    return answer;
  }

  /** Both rows of what is over already. */
  note(
    asked: Omit<Asked, "needs" | "isHealing">,
    answer: NodeAnswer,
    result: "done" | "refused",
  ): void {
    const actor = asked.caller.tag === "actor" ? asked.caller.actor : null;
    const row = this.#row(randomUUID(), asked, actor);
    this.#options.audit.note(row("intent", asked.body));
    this.#options.audit.note(row("outcome", outcomeBody(result, answer, null, null)));
  }

  #limit({ address, isHealing }: Asked, caller: Extract<Caller, { tag: "actor" }>): number {
    const who = caller.session?.id ?? address;
    if (isHealing) return this.#healing.take(who);
    return this.#perSession.take(who) || this.#perAddress.take(address);
  }

  async #carryOut(
    action: string,
    asked: Asked,
    actor: Actor,
    perform: (asker: Asker, actor: Actor) => Promise<NodeAnswer>,
  ): Promise<NodeAnswer> {
    const { audit, tokens, tell } = this.#options;
    const row = this.#row(action, asked, actor);
    const intent = row("intent", asked.body);
    if ((await this.#claim(intent, asked.isHealing)) === "others") {
      const theirs = await this.#othersAnswer(action);
      tell({ action, actor: actor.name, ...asked.name, result: resultOf(theirs), ageMs: 0 });
      return theirs;
    }
    audit.note(intent);
    const answer = await perform(askerOf(tokens, actor), actor).catch(failed);
    const after = answer.ok ? factsAfter(answer.body) : null;
    const result = resultOf(answer);
    audit.note(row("outcome", outcomeBody(result, answer, asked.before, after)));
    tell({ action, actor: actor.name, ...asked.name, result, ageMs: 0 });
    return answer;
  }

  /** Whether another console process has this action. Where Postgres does not say so soon, it is ours. */
  async #claim(intent: AuditRow, isHealing: boolean): Promise<"ours" | "others"> {
    const { table } = this.#options;
    if (table === null || isHealing) return "ours";
    const late = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => late.resolve(true), claimMs);
    const isFirst = await Promise.race([table.claim(intent).catch(() => true), late.promise]);
    clearTimeout(timer);
    return isFirst ? "ours" : "others";
  }

  async #othersAnswer(action: string): Promise<NodeAnswer> {
    const endsAtMs = performance.now() + othersAnswerMs;
    while (performance.now() < endsAtMs) {
      const row = await this.#options.table?.outcomeOf(action).catch(() => null);
      if (row !== null && row !== undefined) return savedAnswer(row.body);
      await new Promise((resolve) => setTimeout(resolve, othersPollMs));
    }
    return { ok: false, reached: true, problem: underWay };
  }

  #row(
    action: string,
    { name, caller }: Pick<Asked, "name" | "caller">,
    actor: Actor | null,
  ): (phase: AuditRow["phase"], body: unknown) => AuditRow {
    const state = caller.tag === "nobody" ? caller.state : "signed-out";
    const who = { actor: actor?.name ?? state, role: actor?.role ?? ("none" as const) };
    const pos = this.#options.position;
    return (phase, body) => ({ action, phase, at: new Date(), ...who, ...name, body, pos: pos() });
  }

  #keep(action: string, it: Answer): void {
    this.#answers.set(action, it);
    if (this.#answers.size <= answersKept) return;
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined) this.#answers.delete(oldest);
  }
}

const resultOf = (answer: NodeAnswer): "done" | "failed" => (answer.ok ? "done" : "failed");

/** Whoever asked gets an answer, and the audit its second row. */
const failed = (error: unknown): NodeAnswer => ({
  ok: false,
  reached: true,
  problem: {
    title: "The console failed.",
    status: 500,
    code: "CONSOLE_FAILED",
    detail: error instanceof Error ? error.message : String(error),
    retryable: false,
    executed: "unknown",
  },
});
