import { z } from "zod";
import type { NodeAnswer } from "../relay/node-http.ts";
import type { AuditAction, AuditPage } from "../wire/audit-view.ts";
import type { AuditLog } from "./audit-log.ts";
import type { AuditRow } from "./audit-row.ts";
import type { AuditFilter, AuditTable } from "./audit-table.ts";
import { outcomeSchema } from "./outcome-body.ts";

const whole = z.coerce.number().int().min(1);
const word = z.string().max(200).nullable().default(null);
const query = z.object({
  before: whole.nullable().default(null),
  limit: whole.max(500).default(100),
  actor: word,
  kind: word,
  text: word,
});

/** Reads the audit: from Postgres, and where that is away from what this process remembers. */
export class AuditReader {
  readonly #table: AuditTable | null;
  readonly #log: AuditLog;

  constructor(table: AuditTable | null, log: AuditLog) {
    this.#table = table;
    this.#log = log;
  }

  async page(filter: AuditFilter): Promise<AuditPage> {
    const state = this.#log.state;
    const found = await this.#table?.actions(filter).catch(() => null);
    // A page further back cannot be had from memory.
    const pairs = found ?? (filter.before === null ? this.#fromMemory(filter) : []);
    const last = found?.length === filter.limit ? found.at(-1)?.intent.id : undefined;
    return {
      actions: pairs.map(toAction),
      next: last === undefined ? null : String(last),
      state: found === null && state.tag === "kept" ? { ...state, tag: "waiting" } : state,
    };
  }

  #fromMemory({ limit, actor, kind, text }: AuditFilter) {
    const rows = this.#log.remembered;
    const outcomes = new Map(
      rows.filter((it) => it.phase === "outcome").map((it) => [it.action, it]),
    );
    const matches = (it: AuditRow): boolean =>
      (actor === null || it.actor === actor) &&
      (kind === null || it.kind === kind) &&
      (text === null ||
        `${it.actor}\n${it.kind}\n${it.subject}`.toLowerCase().includes(text.toLowerCase()));
    return rows
      .filter((it) => it.phase === "intent" && matches(it))
      .toReversed()
      .slice(0, limit)
      .map((intent) => ({ intent, outcome: outcomes.get(intent.action) ?? null }));
  }
}

export async function answerAudit(
  reader: AuditReader,
  given: Readonly<Record<string, string>>,
): Promise<NodeAnswer> {
  const it = query.safeParse(given);
  if (it.success) return { ok: true, status: 200, body: await reader.page(it.data) };
  const detail = z.prettifyError(it.error);
  const title = "The question cannot be read.";
  const problem = { status: 400, code: "BAD_AUDIT_QUERY", title, detail };
  return { ok: false, reached: true, problem };
}

function toAction({
  intent,
  outcome,
}: {
  readonly intent: AuditRow;
  readonly outcome: AuditRow | null;
}): AuditAction {
  const { action, actor, role, kind, subject, body, pos } = intent;
  return {
    ...{ action, actor, kind, subject, pos },
    at: intent.at.toISOString(),
    role: role === "none" ? null : role,
    asked: body,
    outcome: outcome === null ? null : toOutcome(outcome),
  };
}

function toOutcome(row: AuditRow): AuditAction["outcome"] {
  const { result, status, before, after, problem } = outcomeSchema.parse(row.body);
  return {
    ...{ result, status, before, after },
    at: row.at.toISOString(),
    code: problem?.code ?? null,
    words: problem?.title ?? null,
  };
}
