import { setTimeout as after } from "node:timers/promises";
import type { BenchPostgres } from "./postgres.ts";

/**
 * How many statements a second reach one database of the server while nothing happens, over so long a span.
 *
 * Each of ours is a transaction; the two that count are not ours. The server tells of its transactions once a second:
 * over five or more the error is small.
 *
 * @param database its name. @default the one that `postgres` itself is connected to
 */
export async function rateOfQueries(
  { query }: BenchPostgres,
  spanMs: number,
  database: string | null = null,
): Promise<number> {
  const committed = async (): Promise<number> => {
    const [row] = await query<{ count: number }>(
      "select xact_commit::float8 as count from pg_stat_database where datname = coalesce($1, current_database())",
      [database],
    );
    return row?.count ?? Number.NaN;
  };
  const before = await committed();
  const startMs = performance.now();
  // It is a span that is measured, not a condition that is waited for.
  await after(spanMs);
  return ((await committed()) - before) / ((performance.now() - startMs) / 1_000);
}
