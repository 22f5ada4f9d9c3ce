import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, expect, test } from "vitest";
import { MigrationFileError } from "./errors.ts";
import { readMigrations } from "./migration-files.ts";

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
});

async function readFiles(files: Record<string, string>) {
  const directory = await mkdtemp(join(tmpdir(), "leasehold-migrations-"));
  directories.push(directory);
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return await readMigrations(pathToFileURL(`${directory}/`));
}

test("migrations come in the order of their versions, with what their headers say", async () => {
  const migrations = await readFiles({
    "0002_rename.sql": "-- breaking: yes\nselect 2;",
    "0001_initial.sql": "-- breaking: no\nselect 1;",
    "readme.md": "not a migration",
  });
  expect(migrations.map(({ version, name, breaking }) => [version, name, breaking])).toEqual([
    [1, "initial", false],
    [2, "rename", true],
  ]);
});

test.each([
  ["without a header", { "0001_initial.sql": "create table x ();" }, /first line must be/],
  ["with another answer", { "0001_initial.sql": "-- breaking: maybe\n" }, /first line must be/],
  ["with a gap", { "0002_late.sql": "-- breaking: no\n" }, /expected version 1/],
  ["misnamed", { "1_initial.sql": "-- breaking: no\n" }, /named like 0001_initial\.sql/],
])("a migration %s is refused", async (_what, files, message) => {
  const reading = readFiles(files);
  await expect(reading).rejects.toThrow(MigrationFileError);
  await expect(reading).rejects.toThrow(message);
});

test("the shipped migrations qualify every table that they make", async () => {
  for (const { name, sql } of await readMigrations()) {
    const unqualified = sql.match(/create table (?!\{\{schema\}\}\.)\S+/gi) ?? [];
    expect(unqualified, `in ${name}`).toEqual([]);
  }
});
