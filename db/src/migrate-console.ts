import { migrate, type SchemaOptions, type SchemaReport } from "./migrate.ts";
import { readMigrations } from "./migration-files.ts";
import { consoleSchemaNameOf } from "./schema-name.ts";

const directory: URL = new URL("../console/", import.meta.url);

/**
 * Brings the schema of a cluster's console to this version: a schema of its own, made of `db/console/`. Any number of
 * consoles may call it at once.
 *
 * @throws as {@link migrate}; the server's own error where the user may not create a schema.
 */
export async function migrateConsole(
  options: Pick<SchemaOptions, "database" | "cluster">,
): Promise<SchemaReport> {
  const migrations = await readMigrations(directory);
  return await migrate({ ...options, migrations, schema: consoleSchemaNameOf(options.cluster) });
}
