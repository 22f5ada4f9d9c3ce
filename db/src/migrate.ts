import pg from "pg";
import {
  MigrationFailedError,
  PostgresTooOldError,
  SchemaDivergedError,
  SchemaOutdatedError,
  SchemaTooNewError,
} from "./errors.ts";
import { type Migration, readMigrations } from "./migration-files.ts";
import { schemaNameOf } from "./schema-name.ts";

export interface SchemaOptions {
  /** A connection of its own (not a pool: the work is a transaction), or where to open one. */
  readonly database: pg.ClientBase | string;
  readonly cluster: string;
  /** @default the migrations shipped with this version */
  readonly migrations?: readonly Migration[];
  /** Not quoted. @default the cluster's own, `schemaNameOf(cluster)` */
  readonly schema?: string;
}

export interface SchemaReport {
  /** The schema's name, not quoted. */
  readonly schema: string;
  /** The schema's version now. */
  readonly version: number;
  /** Versions that this call applied, in order. */
  readonly applied: readonly number[];
  /** Sentences for the operator. Empty when the schema is exactly what this version expects. */
  readonly warnings: readonly string[];
}

interface AppliedRow {
  readonly version: number;
  readonly name: string;
  readonly breaking: boolean;
}

/** The oldest major version that this package is tested with. */
const minimumMajor = 15;
const connectTimeoutMs = 10_000;
/** How long one node waits for another one that is migrating. */
const lockTimeoutMs = 60_000;
const statementTimeoutMs = 300_000;

/**
 * Brings a cluster's schema to this version. Any number of nodes may call it at once: each missing
 * migration runs once, in a transaction of its own.
 *
 * @throws {SchemaTooNewError} a newer version made a change that this one cannot work with.
 * @throws {MigrationFailedError | SchemaDivergedError | PostgresTooOldError | ClusterNameError}
 */
export async function migrate(options: SchemaOptions): Promise<SchemaReport> {
  const schema = options.schema ?? schemaNameOf(options.cluster);
  const migrations = options.migrations ?? (await readMigrations());
  return await withClient(options.database, async (client) => {
    await requireSupportedServer(client);
    const applied: number[] = [];
    for (;;) {
      const rows = await readApplied(client, schema);
      const warnings = judge(schema, migrations, rows);
      if (rows.length >= migrations.length) {
        return { schema, version: rows.length, applied, warnings };
      }
      const version = await applyNext(client, schema, migrations);
      if (version !== null) applied.push(version);
    }
  });
}

/**
 * What a node that does not migrate asks before it starts.
 *
 * @throws {SchemaOutdatedError} migrations are missing.
 * @throws {SchemaTooNewError} a newer version made a change that this one cannot work with.
 * @throws {SchemaDivergedError | PostgresTooOldError | ClusterNameError}
 */
export async function checkSchema(options: SchemaOptions): Promise<SchemaReport> {
  const schema = options.schema ?? schemaNameOf(options.cluster);
  const migrations = options.migrations ?? (await readMigrations());
  return await withClient(options.database, async (client) => {
    await requireSupportedServer(client);
    const rows = await readApplied(client, schema);
    const warnings = judge(schema, migrations, rows);
    if (rows.length < migrations.length) {
      throw new SchemaOutdatedError(
        `The schema "${schema}" is at version ${rows.length}, this version of leasehold needs ${migrations.length}. ` +
          'Run "leasehold migrate" once, or start a node with --migrate.',
      );
    }
    return { schema, version: rows.length, applied: [], warnings };
  });
}

/** Compares what the database has with what this version knows. Missing migrations are no matter here. */
function judge(
  schema: string,
  known: readonly Migration[],
  rows: readonly AppliedRow[],
): readonly string[] {
  for (const [index, row] of rows.entries()) {
    const expected = known[index];
    const isNext = row.version === index + 1;
    if (!isNext || (expected !== undefined && expected.name !== row.name)) {
      throw new SchemaDivergedError(
        `The schema "${schema}" has migration ${row.version} "${row.name}" where this version of leasehold has ` +
          `${index + 1} "${expected?.name ?? "(none)"}". Another build made this schema; ` +
          "use that build, or another cluster name.",
      );
    }
  }
  const newer = rows.slice(known.length);
  const breaking = newer.find((row) => row.breaking);
  if (breaking !== undefined) {
    throw new SchemaTooNewError(
      `The schema "${schema}" is at version ${rows.length}, this version of leasehold knows ${known.length}, and ` +
        `migration ${breaking.version} "${breaking.name}" is one that older versions cannot work with. ` +
        "Upgrade this node.",
    );
  }
  return newer.length === 0
    ? []
    : [
        `The schema "${schema}" is at version ${rows.length}, newer than the ${known.length} that this version of ` +
          "leasehold knows. It can work with it; upgrade this node soon.",
      ];
}

async function readApplied(client: pg.ClientBase, schema: string): Promise<AppliedRow[]> {
  const table = `${pg.escapeIdentifier(schema)}.schema_migrations`;
  // Not `to_regclass`: it may answer from the session's cache, which an advisory lock does not
  // refresh, and a node that waited for another one's migration would begin from nothing.
  const { rowCount } = await client.query(
    `select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relname = 'schema_migrations'`,
    [schema],
  );
  if (rowCount === 0) return [];
  const applied = await client.query<AppliedRow>(
    `select version, name, breaking from ${table} order by version`,
  );
  return applied.rows;
}

/** @returns the version applied, or `null` when another node was faster. */
async function applyNext(
  client: pg.ClientBase,
  schema: string,
  migrations: readonly Migration[],
): Promise<number | null> {
  const quoted = pg.escapeIdentifier(schema);
  // In a stricter isolation level the snapshot would be older than the lock, and see too little.
  await client.query("begin isolation level read committed");
  try {
    await client.query(`set local lock_timeout = ${lockTimeoutMs}`);
    await client.query(`set local statement_timeout = ${statementTimeoutMs}`);
    await client.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [
      `leasehold migrate ${schema}`,
    ]);
    // Only now, under the lock, is the answer one that nobody else is about to change.
    const rows = await readApplied(client, schema);
    const next = migrations[rows.length];
    if (next !== undefined) {
      if (next.version === 1) await createSchema(client, quoted);
      await runSql(client, next, quoted);
      await client.query(
        `insert into ${quoted}.schema_migrations (version, name, breaking) values ($1, $2, $3)`,
        [next.version, next.name, next.breaking],
      );
    }
    await client.query("commit");
    return next?.version ?? null;
  } catch (error) {
    // A connection that cannot roll back is gone, and its transaction with it: `error` says why.
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}

async function createSchema(client: pg.ClientBase, quoted: string): Promise<void> {
  await client.query(`create schema if not exists ${quoted}`);
  await client.query(`
    create table ${quoted}.schema_migrations (
      version integer primary key check (version > 0),
      name text not null,
      breaking boolean not null,
      applied_at timestamptz not null default clock_timestamp()
    )`);
}

async function runSql(client: pg.ClientBase, migration: Migration, quoted: string): Promise<void> {
  try {
    await client.query(migration.sql.replaceAll("{{schema}}", () => quoted));
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new MigrationFailedError(
      `Migration ${migration.version} "${migration.name}" failed for schema ${quoted} and was rolled back: ${said}`,
      { cause },
    );
  }
}

async function requireSupportedServer(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ version: string; number: number }>(
    "select current_setting('server_version') as version, current_setting('server_version_num')::int as number",
  );
  const server = rows[0];
  if (server === undefined || server.number < minimumMajor * 10_000) {
    throw new PostgresTooOldError(
      `This server is PostgreSQL ${server?.version ?? "of unknown version"}; leasehold needs PostgreSQL ${minimumMajor} or newer.`,
    );
  }
}

async function withClient<T>(
  database: pg.ClientBase | string,
  work: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  if (typeof database !== "string") return await work(database);
  const client = new pg.Client({
    connectionString: database,
    application_name: "leasehold migrate",
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: statementTimeoutMs,
  });
  // A connection that ends between two queries is reported here, and again by the next query.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
