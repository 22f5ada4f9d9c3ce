import { readdir, readFile } from "node:fs/promises";
import { MigrationFileError } from "./errors.ts";

/** One file of `migrations/`, as shipped with this version. */
export interface Migration {
  /** Counts from 1 without a gap. */
  readonly version: number;
  readonly name: string;
  /** Whether a version that does not know this migration cannot work with the schema after it. */
  readonly breaking: boolean;
  /** SQL in which `{{schema}}` stands for the quoted schema name. */
  readonly sql: string;
}

const migrationsDirectory: URL = new URL("../migrations/", import.meta.url);

const fileName = /^(?<version>\d{4})_(?<name>[a-z0-9_]+)\.sql$/;
const header = /^-- breaking: (?<answer>yes|no)$/;

/**
 * Reads the migrations of a directory in the order of their versions.
 *
 * @throws {MigrationFileError} for a misnamed file, a missing header, or a gap in the versions.
 */
export async function readMigrations(directory: URL = migrationsDirectory): Promise<Migration[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith(".sql")).sort();
  return await Promise.all(
    files.map(async (file, index) => {
      const migration = parse(file, await readFile(new URL(file, directory), "utf8"));
      if (migration.version !== index + 1) {
        throw new MigrationFileError(
          `${file}: expected version ${index + 1} here. Versions count from 0001 without a gap.`,
        );
      }
      return migration;
    }),
  );
}

function parse(file: string, sql: string): Migration {
  const { version, name } = fileName.exec(file)?.groups ?? {};
  if (version === undefined || name === undefined) {
    throw new MigrationFileError(`${file}: a migration is named like 0001_initial.sql.`);
  }
  const { answer } = header.exec(sql.split("\n", 1)[0]?.trimEnd() ?? "")?.groups ?? {};
  if (answer === undefined) {
    throw new MigrationFileError(
      `${file}: the first line must be "-- breaking: yes" or "-- breaking: no". ` +
        "It says whether older versions stop working once this migration is applied.",
    );
  }
  return { version: Number(version), name, breaking: answer === "yes", sql };
}
