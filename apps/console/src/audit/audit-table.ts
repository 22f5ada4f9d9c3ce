import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import type { ConsoleDatabase } from "../store/console-database.ts";
import { roles } from "../wire/roles.ts";
import type { AuditRow } from "./audit-row.ts";

const saved = z.object({
  id: z.coerce.number(),
  action: z.string(),
  phase: z.enum(["intent", "outcome"]),
  at: z.coerce.date(),
  actor: z.string(),
  role: z.enum([...roles, "none"]),
  kind: z.string(),
  subject: z.string(),
  body: z.unknown(),
  pos: z.coerce.number().nullable(),
});
export type SavedRow = AuditRow & { readonly id: number };

export interface AuditFilter {
  /** Ids below this one. */
  readonly before: number | null;
  readonly limit: number;
  readonly actor: string | null;
  readonly kind: string | null;
  /** Somewhere in actor, kind or subject. */
  readonly text: string | null;
}

/** How many rows one statement deletes: none of them may last. */
const deleteBatch = 5000;

/** The audit in Postgres. Rows are inserted and, when they are old, deleted; none is ever changed. */
export class AuditTable {
  readonly #database: Pick<ConsoleDatabase, "run">;

  constructor(database: Pick<ConsoleDatabase, "run">) {
    this.#database = database;
  }

  /** What is there already is left as it is: a batch whose answer got lost is sent again. */
  async insert(rows: readonly AuditRow[]): Promise<void> {
    await this.#database.run((schema) => insertion(schema, rows));
  }

  /** @returns whether this row is the first of its action and phase. */
  async claim(row: AuditRow): Promise<boolean> {
    const made = await this.#database.run(
      (schema) => sql`${insertion(schema, [row])} returning id`,
    );
    return made.length > 0;
  }

  /** Intents, newest first, each with its outcome where there is one. */
  async actions(filter: AuditFilter): Promise<{ intent: SavedRow; outcome: SavedRow | null }[]> {
    const intents = await this.#read((schema) => {
      const like = `%${(filter.text ?? "").replace(/[\\%_]/g, "\\$&")}%`;
      return sql`
        select * from ${schema}.audit
        where phase = 'intent'
          and (${filter.before}::bigint is null or id < ${filter.before}::bigint)
          and (${filter.actor}::text is null or actor = ${filter.actor})
          and (${filter.kind}::text is null or kind = ${filter.kind})
          and (${filter.text}::text is null
            or actor ilike ${like} or kind ilike ${like} or subject ilike ${like})
        order by id desc limit ${filter.limit}`;
    });
    if (intents.length === 0) return [];
    const keys = sql.join(
      intents.map((it) => sql`${it.action}::uuid`),
      sql`, `,
    );
    const outcomes = await this.#read(
      (schema) =>
        sql`select * from ${schema}.audit where phase = 'outcome' and action in (${keys})`,
    );
    const byAction = new Map(outcomes.map((it) => [it.action, it]));
    return intents.map((intent) => ({ intent, outcome: byAction.get(intent.action) ?? null }));
  }

  async outcomeOf(action: string): Promise<SavedRow | null> {
    const rows = await this.#read(
      (schema) =>
        sql`select * from ${schema}.audit where action = ${action}::uuid and phase = 'outcome'`,
    );
    return rows[0] ?? null;
  }

  /** What was written after `id` and is not among `seen`, oldest first. */
  async after(id: number, seen: readonly number[], limit: number): Promise<SavedRow[]> {
    return await this.#read(
      (schema) => sql`
        select * from ${schema}.audit
        where id > ${id} and id <> all(${`{${seen.join(",")}}`}::bigint[])
        order by id limit ${limit}`,
    );
  }

  async lastId(): Promise<number> {
    const rows = await this.#database.run<{ id: string | null }>(
      (schema) => sql`select max(id) as id from ${schema}.audit`,
    );
    return Number(rows[0]?.id ?? 0);
  }

  async deleteBefore(at: Date): Promise<void> {
    let deleted = deleteBatch;
    while (deleted === deleteBatch) {
      const gone = await this.#database.run(
        (schema) => sql`
          delete from ${schema}.audit where id in (
            select id from ${schema}.audit where at < ${at.toISOString()}::timestamptz
            order by at limit ${deleteBatch})
          returning id`,
      );
      deleted = gone.length;
    }
  }

  async #read(make: (schema: SQL) => SQL): Promise<SavedRow[]> {
    const rows = await this.#database.run(make);
    return rows.map((row) => saved.parse(row));
  }
}

function insertion(schema: SQL, rows: readonly AuditRow[]): SQL {
  const values = rows.map(
    (it) => sql`(${it.action}::uuid, ${it.phase}, ${it.at.toISOString()}::timestamptz, ${it.actor},
      ${it.role}, ${it.kind}, ${it.subject}, ${JSON.stringify(it.body ?? null)}::jsonb, ${it.pos}::bigint)`,
  );
  return sql`
    insert into ${schema}.audit (action, phase, at, actor, role, kind, subject, body, pos)
    values ${sql.join(values, sql`, `)}
    on conflict (action, phase) do nothing`;
}
