import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { createDatabaseDir } from "./database-dir.ts";

const made: string[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(made.splice(0).map((one) => rm(one, { recursive: true, force: true })));
});

async function create(): Promise<string> {
  const directory = await createDatabaseDir("dir");
  made.push(directory);
  return directory;
}

test("a directory is empty, new, and open to the server's account", async () => {
  const [one, other] = [await create(), await create()];
  expect(one).not.toBe(other);
  expect(statSync(one).mode & 0o777).toBe(0o711);
});

test("it is on the disk where that is asked for", async () => {
  vi.stubEnv("LEASEHOLD_TEST_ON_DISK", "on");
  expect(dirname(await create())).toBe(tmpdir());
});

test("what a run that was killed has left there goes with the next one; what others use stays", async () => {
  const parent = dirname(await create());
  const { pid } = spawnSync(process.execPath, ["--version"]);
  const [left, used] = [pid, process.ppid].map((owner) => join(parent, `leasehold-dir-${owner}-x`));
  for (const directory of [left, used] as string[]) {
    made.push(directory);
    await mkdir(join(directory, "postgres"), { recursive: true });
  }
  await create();
  // Only memory is worth it: a disk has its own ways.
  const isMemory = parent === "/dev/shm";
  expect([existsSync(left as string), existsSync(used as string)]).toEqual([!isMemory, true]);
});
