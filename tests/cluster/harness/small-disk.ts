import { execFile } from "node:child_process";
import { mkdtemp, open, rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { OwnPostgres } from "./own-postgres.ts";

const run = promisify(execFile);
const chunk = Buffer.alloc(4_096, 0x20);

/** A disk of a few megabytes that a server keeps a table on. It needs root on Linux. */
export class SmallDisk {
  readonly #directory: string;
  readonly #postgres: OwnPostgres;

  private constructor(directory: string, postgres: OwnPostgres) {
    this.#directory = directory;
    this.#postgres = postgres;
  }

  /** @returns why there is none, where this machine does not let us mount one. */
  static async mount(postgres: OwnPostgres, megabytes: number): Promise<SmallDisk | string> {
    const { uid, gid } = postgres.account;
    const directory = await mkdtemp(join(tmpdir(), "leasehold-disk-"));
    const options = `size=${megabytes}m,uid=${uid},gid=${gid},mode=700`;
    try {
      await run("mount", ["-t", "tmpfs", "-o", options, "tmpfs", directory]);
    } catch (error) {
      await rmdir(directory);
      return error instanceof Error ? error.message : String(error);
    }
    return new SmallDisk(directory, postgres);
  }

  /** Moves a table and its indexes there. */
  async take(schema: string, table: string): Promise<void> {
    await this.#postgres.query(`create tablespace small_disk location '${this.#directory}'`);
    await this.#postgres.query(`alter table ${schema}.${table} set tablespace small_disk`);
    const indexes = await this.#postgres.query<{ name: string }>(
      "select indexname as name from pg_indexes where schemaname = $1 and tablename = $2",
      [schema, table],
    );
    for (const { name } of indexes) {
      await this.#postgres.query(`alter index ${schema}.${name} set tablespace small_disk`);
    }
  }

  /** Leaves no byte. @returns how many were left. */
  async fill(): Promise<number> {
    const file = await open(this.#filler, "a");
    let written = 0;
    try {
      for (;;) written += (await file.write(chunk)).bytesWritten;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      return written;
    } finally {
      await file.close();
    }
  }

  /** There is room again. */
  async makeRoom(): Promise<void> {
    await rm(this.#filler);
  }

  /** The server must have ended. */
  async unmount(): Promise<void> {
    await run("umount", [this.#directory]);
    await rmdir(this.#directory);
  }

  get #filler(): string {
    return join(this.#directory, "filler");
  }
}
