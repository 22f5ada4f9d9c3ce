import { schemaNameOf } from "@leasehold/db";
import { escapeIdentifier } from "pg";
import type { NodeRef } from "../../core/ids.ts";
import { newConnection } from "./connection.ts";
import { plainSettings, setAll } from "./session-settings.ts";
import { insertExit } from "./sql/insert-exit.ts";
import { storeError } from "./sqlstate.ts";

export interface RecordExitOptions extends NodeRef {
  readonly databaseUrl: string;
  readonly cluster: string;
  readonly pid: number;
  /** @unit milliseconds @default 5000 */
  readonly timeoutMs?: number | undefined;
}

/**
 * What a parent says after it has waited for a node's process: it has exited. The coordinator takes
 * that as a proof of death, so nobody else may say it.
 *
 * @throws {StoreUnavailableError | StoreUnsuitableError}
 */
export async function recordExit(options: RecordExitOptions): Promise<void> {
  const { databaseUrl, cluster, nodeId, incarnation, pid, timeoutMs = 5_000 } = options;
  const sql = insertExit(escapeIdentifier(schemaNameOf(cluster)));
  const connection = newConnection({
    databaseUrl,
    applicationName: `leasehold ${cluster} supervisor`,
    timeoutMs,
  });
  // A connection that ends is told by the statement that fails on it.
  connection.client.on("error", () => undefined);
  try {
    await connection.client.connect();
    await setAll(connection.client, plainSettings(timeoutMs));
    await connection.client.query(sql, [nodeId, incarnation, pid]);
    await connection.client.end();
  } catch (error) {
    throw storeError(error, "recording an exit");
  } finally {
    connection.destroy();
  }
}
