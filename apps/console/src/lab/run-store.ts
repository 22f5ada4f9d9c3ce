import { sql } from "drizzle-orm";
import type { ConsoleDatabase } from "../store/console-database.ts";
import { keptRuns, type LabRun, labRun, type RunSummary } from "../wire/lab.ts";

/** A run that nobody has said anything about for so long has lost its console. @unit seconds */
const lostAfterS = 10;

/**
 * Runs in the console's own schema. The table also holds that one cluster has one run at a time, over all its consoles:
 * a unique index over the running ones refuses a second.
 */
export class RunStore {
  readonly #db: ConsoleDatabase;

  constructor(db: ConsoleDatabase) {
    this.#db = db;
  }

  /** Null: runs are kept. */
  whyNot(): string | null {
    const { state } = this.#db;
    if (state.tag === "ready") return null;
    return state.tag === "refused" ? state.why : "Postgres is not reached yet.";
  }

  /** @returns false: another run goes on, in whichever console. @throws where Postgres cannot be asked. */
  async begin(run: LabRun): Promise<boolean> {
    const rows = await this.#db.run(
      (schema) => sql`
        insert into ${schema}.runs (run, scenario, state, started_at, actor, first_pos, report)
        values (${run.id}, ${run.scenario}, 'running', ${run.startedAt}, ${run.actor}, ${run.tape.firstPos},
          ${JSON.stringify(run)}::jsonb)
        on conflict do nothing returning run`,
    );
    return rows.length > 0;
  }

  /** Says that the run goes on, or how it has ended. Also for one that could not be begun here. @throws as above. */
  async save(run: LabRun): Promise<void> {
    const { verdict } = run;
    await this.#db.run(
      (schema) => sql`
        insert into ${schema}.runs (run, scenario, state, verdict, started_at, ended_at, actor, first_pos, last_pos, report)
        values (${run.id}, ${run.scenario}, ${run.state}, ${verdict?.tag ?? null}, ${run.startedAt}, ${run.endedAt},
          ${run.actor}, ${run.tape.firstPos}, ${run.tape.lastPos}, ${JSON.stringify(run)}::jsonb)
        on conflict (run) do update set state = excluded.state, verdict = excluded.verdict,
          ended_at = excluded.ended_at, last_pos = excluded.last_pos, report = excluded.report,
          alive_at = clock_timestamp()`,
    );
  }

  /** Keeps as many as are kept, the latest. */
  async trim(): Promise<void> {
    await this.#db.run(
      (schema) => sql`
        delete from ${schema}.runs where run in (
          select run from ${schema}.runs order by started_at desc offset ${keptRuns})`,
    );
  }

  /** Ends the record of a run whose console is gone: its faults have ended by themselves. */
  async endLost(): Promise<void> {
    const verdict = {
      tag: "not-observed",
      reasons: ["The console that ran it ended. Its faults ended by themselves, on the nodes."],
    };
    await this.#db.run(
      (schema) => sql`
        update ${schema}.runs set state = 'ended', verdict = 'not-observed', ended_at = alive_at,
          report = report || jsonb_build_object('state', 'ended', 'verdict', ${JSON.stringify(verdict)}::jsonb,
            'endedAt', to_char(alive_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
        where state = 'running' and alive_at < clock_timestamp() - make_interval(secs => ${lostAfterS})`,
    );
  }

  async list(): Promise<RunSummary[]> {
    const rows = await this.#db.run<{ report: unknown }>(
      (schema) => sql`
        select jsonb_build_object('id', report->'id', 'scenario', report->'scenario', 'name', report->'name',
          'startedAt', report->'startedAt', 'endedAt', report->'endedAt', 'actor', report->'actor',
          'verdict', report->'verdict'->'tag', 'reason', report->'verdict'->'reasons'->0) as report
        from ${schema}.runs order by started_at desc limit ${keptRuns}`,
    );
    return rows.map((it) => it.report as RunSummary);
  }

  /** Null: there is none. */
  async find(id: string): Promise<LabRun | null> {
    const rows = await this.#db.run<{ report: unknown }>(
      (schema) => sql`select report from ${schema}.runs where run = ${id}`,
    );
    const [row] = rows;
    return row === undefined ? null : labRun.parse(row.report);
  }
}
