import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OwnPostgres } from "../harness/own-postgres.ts";
import { startCluster, stopAll, type TestCluster } from "../harness.ts";
import { homesOf, untilPassed, untilServed } from "./support.ts";

// A server whose clock jumps forward may end idle sessions at once; with 1 s a busy machine is too slow for that.
const ttlMs = 3_000;
const library = [
  "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
  "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
  "/usr/lib/faketime/libfaketimeMT.so.1",
].find((path) => existsSync(path));
if (library === undefined) {
  console.warn(
    "\nNOT TESTED: wall clocks that jump. Install libfaketime (Debian: apt-get install libfaketime).\n",
  );
}

/** A wall clock that a file sets; the monotonic one and the time since boot stay true. */
const shiftedBy = (file: string): NodeJS.ProcessEnv => ({
  LD_PRELOAD: library,
  FAKETIME_TIMESTAMP_FILE: file,
  FAKETIME_NO_CACHE: "1",
  FAKETIME_DONT_FAKE_MONOTONIC: "1",
});

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "leasehold-clock-"));
  await chmod(directory, 0o755);
});
afterEach(async (context) => {
  await stopAll(context);
  await rm(directory, { recursive: true });
});

/** Sets the clock one hour forward, then one hour back, for a ttl each. */
async function expectNothingHappens(
  cluster: TestCluster,
  file: string,
  readMs: () => Promise<number>,
): Promise<void> {
  const load = cluster.load({ perSecond: 100, ids: 64, deadlineMs: 3_000 });
  await untilServed(cluster, load);
  await cluster.waitForStableOwnership();
  const before = homesOf(await cluster.shards());
  for (const [shift, hours] of [
    ["+3600s", 1],
    ["-3600s", -1],
  ] as const) {
    await writeFile(file, shift);
    await cluster.waitUntil(`the clock is off by ${hours} h`, async () => {
      return Math.abs(((await readMs()) - Date.now()) / 3_600_000 - hours) < 0.05;
    });
    await untilPassed(cluster, ttlMs);
    expect(homesOf(await cluster.shards())).toEqual(before);
  }
  await load.stop();
  expect(load.failures()).toEqual([]);
  await cluster.verify();
}

describe.skipIf(library === undefined)("a wall clock that jumps by an hour", () => {
  test("of the coordinator's machine changes nothing", async () => {
    const file = join(directory, "clock");
    await writeFile(file, "+0s");
    const cluster = await startCluster({ nodes: 1, ttlMs, env: shiftedBy(file) });
    const others = [cluster.addNode({ LD_PRELOAD: "" }), cluster.addNode({ LD_PRELOAD: "" })];
    await Promise.all(others.map((node) => node.start()));
    await Promise.all(others.map((node) => node.becomeReady()));
    await cluster.waitUntil("every node has its share", async () => {
      const { nodes } = await cluster.cluster();
      return nodes.length === 3 && nodes.every((node) => node.shards >= 9);
    });
    const { url } = cluster.node(1);
    expect((await cluster.self(1)).role).toBe("coordinator");
    await expectNothingHappens(cluster, file, async () => {
      return Date.parse((await fetch(`${url}/livez`)).headers.get("date") ?? "");
    });
  });

  test("of the database changes nothing", async () => {
    const file = join(directory, "clock");
    await writeFile(file, "+0s", { mode: 0o644 });
    const postgres = await OwnPostgres.start();
    try {
      await postgres.restartUnder({ ...shiftedBy(file), LC_ALL: "C" });
      const cluster = await startCluster({ ttlMs, databaseUrl: postgres.url });
      await expectNothingHappens(cluster, file, async () => {
        const [row] = await postgres.query<{ ms: number }>(
          "select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms",
        );
        return row?.ms ?? Number.NaN;
      });
    } finally {
      await stopAll();
      await postgres.destroy();
    }
  });
});
