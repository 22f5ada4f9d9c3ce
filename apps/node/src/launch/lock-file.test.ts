import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { tryLock } from "./lock-file.ts";

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "leasehold-lock-"));
  file = join(directory, "lock");
});
afterEach(() => rm(directory, { recursive: true }));

/** A process number that belongs to nobody any more. */
async function endedPid(): Promise<number> {
  const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
  await once(child, "exit");
  return child.pid ?? 0;
}

describe("a lock file", () => {
  test("keeps a second holder out and names the first", async () => {
    expect(await tryLock(file)).toMatchObject({ tag: "taken", stale: false });
    expect(await tryLock(file)).toEqual({ tag: "held", pid: process.pid });
  });

  test("is free after its release, and nothing is left in the directory", async () => {
    const first = await tryLock(file);
    if (first.tag === "taken") await first.release();
    const second = await tryLock(file);
    expect(second).toMatchObject({ tag: "taken", stale: false });
    if (second.tag === "taken") await second.release();
    expect(await readdir(directory)).toEqual([]);
  });

  test("whose holder is gone is taken over", async () => {
    await writeFile(file, JSON.stringify({ pid: await endedPid(), startTime: "1" }));
    expect(await tryLock(file)).toMatchObject({ tag: "taken", stale: true });
    expect(await tryLock(file)).toMatchObject({ tag: "held" });
  });

  test.runIf(process.platform === "linux")(
    "whose holder's number is another process's by now is taken over",
    async () => {
      await writeFile(file, JSON.stringify({ pid: process.pid, startTime: "1" }));
      expect(await tryLock(file)).toMatchObject({ tag: "taken", stale: true });
    },
  );

  test("with something else in it is taken over", async () => {
    await writeFile(file, "");
    expect(await tryLock(file)).toMatchObject({ tag: "taken", stale: true });
  });

  test("goes to exactly one of many that find it stale at once", async () => {
    const pid = await endedPid();
    for (let round = 0; round < 20; round++) {
      await writeFile(file, JSON.stringify({ pid, startTime: String(round) }));
      const attempts = await Promise.all(Array.from({ length: 8 }, () => tryLock(file)));
      expect(attempts.filter((attempt) => attempt.tag === "taken")).toHaveLength(1);
    }
    expect(await readdir(directory)).toEqual(["lock"]);
  });
});
