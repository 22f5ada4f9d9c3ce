/** Every expected failure of this package. `code` is stable; the message says what to do next. */
export abstract class DatabaseError extends Error {
  abstract readonly code: string;
}

const define = (code: string) =>
  class extends DatabaseError {
    override readonly name: string = code;
    readonly code: string = code;
  };

/** The cluster's name cannot become the name of its Postgres schema. */
export class ClusterNameError extends define("CLUSTER_NAME_INVALID") {}
/** The server is older than what the SQL of this package needs. */
export class PostgresTooOldError extends define("POSTGRES_TOO_OLD") {}
/** A file in `migrations/` is misnamed, or lacks its header. A mistake of the author, not the user. */
export class MigrationFileError extends define("MIGRATION_FILE_INVALID") {}
/** A migration's SQL failed; its transaction was rolled back. `cause` is what Postgres said. */
export class MigrationFailedError extends define("MIGRATION_FAILED") {}
/** The schema lacks migrations that this version needs. */
export class SchemaOutdatedError extends define("SCHEMA_OUTDATED") {}
/** The schema's history is not a continuation of the one in this version: two builds differ. */
export class SchemaDivergedError extends define("SCHEMA_DIVERGED") {}

/** A newer version has changed the schema in a way that this version cannot work with. */
export class SchemaTooNewError extends define("SCHEMA_TOO_NEW") {
  /** What a command-line program exits with, so that a supervisor can tell it from a crash. */
  readonly exitCode = 57;
}

/** The embedded PostgreSQL could not be created, started or stopped. */
export class EmbeddedPostgresError extends define("EMBEDDED_POSTGRES") {}
