import { pgSchema } from "drizzle-orm/pg-core";
import { clusterLogTable } from "./cluster-log.ts";
import { headsTable, journalTable, outcomesTable, snapshotsTable, timersTable } from "./journal.ts";
import { coordinatorTable, exitsTable, leasesTable, lettersTable } from "./leases.ts";
import { movesTable, plansTable } from "./plans.ts";
import { nodesTable, shardGroupsTable, shardsTable } from "./shards.ts";

/**
 * The tables of one cluster for typed reads. The SQL in `migrations/` makes them; a test holds both
 * together. Whoever writes uses statements of its own: what makes a write safe is in their `where`.
 *
 * @param schemaName as `schemaNameOf` gives it, not quoted.
 */
export function tablesOf(schemaName: string) {
  const schema = pgSchema(schemaName);
  return {
    coordinator: coordinatorTable(schema),
    leases: leasesTable(schema),
    exits: exitsTable(schema),
    letters: lettersTable(schema),
    shardGroups: shardGroupsTable(schema),
    nodes: nodesTable(schema),
    shards: shardsTable(schema),
    plans: plansTable(schema),
    moves: movesTable(schema),
    clusterLog: clusterLogTable(schema),
    heads: headsTable(schema),
    journal: journalTable(schema),
    outcomes: outcomesTable(schema),
    snapshots: snapshotsTable(schema),
    timers: timersTable(schema),
  };
}

export type ClusterTables = ReturnType<typeof tablesOf>;
