import { type SQL, sql } from "drizzle-orm";
import type { DivergenceClass } from "../live/classify.ts";
import { severity } from "../live/classify.ts";
import type { ConsoleDatabase } from "../store/console-database.ts";
import type { Pos, TapeBucket, TapeMark } from "../wire/tape.ts";
import type { PackedKeyframe, PackedReel, PackedSegment } from "./pack.ts";
import type { At, TapeSource } from "./tape-source.ts";

/** One page of the tape's oldest part that a deletion takes, so that none of them is long. */
const deletedAtOnce = 2000;

/** Both ends of what is kept. */
export interface TapeEnds {
  readonly first: { readonly pos: Pos; readonly atMs: number };
  readonly last: { readonly pos: Pos; readonly atMs: number };
}

/** The tape in Postgres. Each call is one short statement, or two. */
export class TapeTable implements TapeSource {
  readonly #database: ConsoleDatabase;

  constructor(database: ConsoleDatabase) {
    this.#database = database;
  }

  /**
   * Writes what follows everything that is there.
   *
   * @returns false where the tape has gone on without this: another console records, and this one must not go on.
   */
  async append(it: PackedSegment, keyframe: PackedKeyframe | null): Promise<boolean> {
    const rows = await this.#database.run(
      (schema) => sql`
        with segment as (
          insert into ${schema}.segments (first_pos, last_pos, first_at, last_at, entries, stats)
          select ${it.firstPos}::bigint, ${it.lastPos}::bigint, ${time(it.firstAtMs)},
            ${time(it.lastAtMs)}, ${it.entries}::bytea, ${JSON.stringify(it.stats)}::jsonb
          where not exists (
            select from ${schema}.segments where last_pos >= ${it.firstPos}::bigint
          )
          returning first_pos
        ), keyframe as (${insertKeyframe(schema, keyframe)}), marks as (
          insert into ${schema}.marks (pos, ordinal, at, kind, subject, words)
          select (m->>'pos')::bigint, ordinal, to_timestamp((m->>'atMs')::float8 / 1000),
            m->>'kind', m->>'subject', m->>'words'
          from segment, jsonb_array_elements(${JSON.stringify(it.marks)}::jsonb)
            with ordinality as list (m, ordinal)
        )
        select first_pos from segment`,
    );
    return rows.length > 0;
  }

  /** The first keyframe of a stretch of recording. */
  async begin(keyframe: PackedKeyframe): Promise<void> {
    await this.#database.run(
      (schema) => sql`
        with segment as (select) ${insertKeyframe(schema, keyframe)}
        on conflict do nothing`,
    );
  }

  async ends(): Promise<TapeEnds | null> {
    const [row] = await this.#database.run<Record<string, string | null>>(
      (schema) => sql`
        select first.pos, ${ms(sql`first.at`)} as at, last.last_pos, ${ms(sql`last.last_at`)} as last_at
        from (select pos, at from ${schema}.keyframes order by pos limit 1) first,
          (select last_pos, last_at from ${schema}.segments order by first_pos desc limit 1) last`,
    );
    if (row === undefined) return null;
    return {
      first: { pos: Number(row["pos"]), atMs: Number(row["at"]) },
      last: { pos: Number(row["last_pos"]), atMs: Number(row["last_at"]) },
    };
  }

  async reel(at: At): Promise<PackedReel | null> {
    const keyframe = await this.#keyframe(at);
    if (keyframe === null) return null;
    const rows = await this.#database.run<{ entries: Buffer; next: string | null }>(
      (schema) => sql`
        with next as (select min(pos) as pos from ${schema}.keyframes where pos > ${keyframe.pos})
        select s.entries, next.pos as next
        from next left join ${schema}.segments s
          on s.first_pos > ${keyframe.pos} and s.first_pos <= coalesce(next.pos, s.first_pos)
        order by s.first_pos`,
    );
    const next = rows[0]?.next ?? null;
    return {
      keyframe,
      segments: rows.filter((row) => row.entries !== null),
      nextPos: next === null ? null : Number(next),
    };
  }

  async marks(from: Pos, direction: "next" | "previous", limit: number): Promise<TapeMark[]> {
    return await this.#marks((schema) =>
      direction === "next"
        ? sql`from ${schema}.marks where pos > ${from} order by pos, ordinal limit ${limit}`
        : sql`from ${schema}.marks where pos < ${from} order by pos desc, ordinal desc limit ${limit}`,
    );
  }

  /** Oldest first; of very many the newest. */
  async marksBetween(fromMs: number, toMs: number, limit: number): Promise<TapeMark[]> {
    const found = await this.#marks(
      (schema) => sql`
        from ${schema}.marks where at >= ${time(fromMs)} and at <= ${time(toMs)}
        order by pos desc, ordinal desc limit ${limit}`,
    );
    return found.toReversed();
  }

  /** Counts of the segments that begin in each bucket and lie before `beforePos`; buckets without one are left out. */
  async buckets(
    fromMs: number,
    toMs: number,
    count: number,
    beforePos: Pos,
  ): Promise<(TapeBucket & { readonly index: number })[]> {
    const widthMs = (toMs - fromMs) / count;
    const highest = (field: SQL): SQL => sql`max((${field})::int)`;
    const classes = severity.map(
      (it) => sql`${it}::text, ${highest(sql`stats->'classes'->>${sql.raw(`'${it}'`)}`)}`,
    );
    const rows = await this.#database.run<Record<string, number> & { classes: Counts }>(
      (schema) => sql`
        select floor((${ms(sql`first_at`)} - ${fromMs}::float8) / ${widthMs}::float8)::int as index,
          sum((stats->>'events')::int)::int as events,
          ${highest(sql`stats->>'faults'`)} as faults,
          ${highest(sql`stats->>'divergent'`)} as divergent,
          ${highest(sql`stats->>'danger'`)} as danger,
          jsonb_strip_nulls(jsonb_build_object(${sql.join(classes, sql`, `)})) as classes
        from ${schema}.segments
        where last_at >= ${time(fromMs)} and first_at >= ${time(fromMs)}
          and first_at < ${time(toMs)} and first_pos < ${beforePos}
        group by 1 order by 1`,
    );
    return rows.map(
      ({ index = 0, events = 0, faults = 0, divergent = 0, danger = 0, classes: by }) => ({
        index,
        fromMs: fromMs + index * widthMs,
        isGap: false,
        events,
        faults,
        divergent,
        danger,
        classes: by,
      }),
    );
  }

  /**
   * Takes the oldest part away: what ended before `beforeMs`, and whatever is above `maxBytes`. Whole reels: a replay
   * begins at a keyframe, and what is kept without one is shown by the bar and cannot be gone to. A stretch of
   * recording ends without a keyframe: the last one that no segment to be kept precedes may be the next stretch's.
   */
  async trim(beforeMs: number, maxBytes: number): Promise<void> {
    const [row] = await this.#database.run<{ pos: string | null }>(
      (schema) => sql`
        with sized as (
          select first_pos, last_pos, last_at, sum(pg_column_size(entries)) over (order by first_pos desc) as bytes
          from ${schema}.segments
        ), last as (
          select max(last_pos) as pos from sized
          where last_at < ${time(beforeMs)} or bytes > ${maxBytes}
        ), kept as (
          select min(first_pos) as pos from sized, last where last_pos > last.pos
        )
        select coalesce(
          max(k.pos) filter (where k.pos < coalesce(kept.pos, k.pos + 1)), min(k.pos), last.pos
        ) as pos
        from last cross join kept left join ${schema}.keyframes k on last.pos is not null
        group by last.pos, kept.pos`,
    );
    const begin = row?.pos ?? null;
    if (begin === null) return;
    for (let left = deletedAtOnce; left === deletedAtOnce; ) {
      const gone = await this.#database.run(
        (schema) => sql`
          delete from ${schema}.segments where first_pos in (
            select first_pos from ${schema}.segments where last_pos <= ${begin}::bigint
            order by first_pos limit ${deletedAtOnce}
          ) returning first_pos`,
      );
      left = gone.length;
    }
    await this.#database.run(
      (schema) => sql`
        delete from ${schema}.keyframes where pos < ${begin}::bigint`,
    );
    await this.#database.run(
      (schema) => sql`delete from ${schema}.marks where pos < ${begin}::bigint`,
    );
  }

  async #keyframe(at: At): Promise<PackedKeyframe | null> {
    const [row] = await this.#database.run<{ pos: string; at: string; frame: Buffer }>(
      (schema) => sql`
        select pos, ${ms(sql`at`)} as at, frame from ${schema}.keyframes
        where ${"pos" in at ? sql`pos <= ${at.pos}` : sql`at <= ${time(at.atMs)}`}
        order by pos desc limit 1`,
    );
    return row === undefined
      ? null
      : { pos: Number(row.pos), atMs: Number(row.at), frame: row.frame };
  }

  async #marks(rest: (schema: SQL) => SQL): Promise<TapeMark[]> {
    const rows = await this.#database.run<Record<keyof TapeMark, string>>(
      (schema) => sql`select pos, ${ms(sql`at`)} as "atMs", kind, subject, words ${rest(schema)}`,
    );
    return rows.map(
      (row) => ({ ...row, pos: Number(row.pos), atMs: Number(row.atMs) }) as TapeMark,
    );
  }
}

type Counts = Partial<Record<DivergenceClass, number>>;

const insertKeyframe = (schema: SQL, it: PackedKeyframe | null): SQL =>
  it === null
    ? sql`select`
    : sql`insert into ${schema}.keyframes (pos, at, frame)
        select ${it.pos}::bigint, ${time(it.atMs)}, ${it.frame}::bytea from segment`;

const time = (atMs: number): SQL => sql`to_timestamp(${atMs}::float8 / 1000)`;
const ms = (column: SQL): SQL => sql`round(extract(epoch from ${column}) * 1000)::float8`;
