import { type Ask, keepAsking } from "./support/asking.ts";
import { benchOf } from "./support/bench-of.ts";
import { type Figure, figureOf } from "./support/figures.ts";
import { withPostgres } from "./support/postgres.ts";
import { pairsOf, takeTurns } from "./support/turns.ts";
import { changedTo, fieldCount } from "./ycsb/record.ts";
import { openOurs, openRows, type RecordStore, records } from "./ycsb/stores.ts";
import { operationOf, type Workload, workloads } from "./ycsb/workloads.ts";
import { zipf } from "./ycsb/zipf.ts";

const roundMs = 1_500;
const inFlight = 64;
const rankOf = zipf(records);

export const bench = benchOf({
  title: `YCSB A, B, C and F: ${records} durable records of 1 kB, zipfian keys, ${inFlight} in flight, beside rows in the same Postgres`,
  figures: ({ rounds = 5, progress }) =>
    withPostgres(async (postgres) => {
      const ours = await openOurs(postgres);
      const rows = await openRows(postgres);
      const figures: Figure[] = [];
      for (const [name, workload] of Object.entries(workloads)) {
        const what = `operations/s, workload ${name}`;
        const parts = {
          ours: () => keepAsking(operations(ours, workload), inFlight, roundMs),
          rows: () => keepAsking(operations(rows, workload), inFlight, roundMs),
        };
        const turns = await takeTurns(rounds, parts, (line) => progress(`${what}, ${line}`));
        const pairs = pairsOf(turns.ours, turns.rows, ({ perSecond }) => perSecond);
        figures.push(figureOf(what, "rows", pairs));
      }
      await ours.close();
      await rows.close();
      return figures;
    }),
});

/** The hottest keys need not be scattered: their shards follow from a hash. */
function operations(store: RecordStore, workload: Workload): Ask {
  return async (turn) => {
    const key = rankOf(Math.random());
    const operation = operationOf(workload, Math.random());
    if (operation !== "update") await store.read(key);
    if (operation !== "read") await store.update(key, `field${turn % fieldCount}`, changedTo(turn));
  };
}
