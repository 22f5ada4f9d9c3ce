import { migrate } from "@leasehold/db";
import { afterEach, expect, test } from "vitest";
import { OwnPostgres } from "../harness/own-postgres.ts";
import { SmallDisk } from "../harness/small-disk.ts";
import { startCluster, stopAll, type TestCluster } from "../harness.ts";
import { judgeRegisters } from "../judge-registers.ts";
import { RegisterLoad } from "../register-load.ts";
import { expectWithin, homesOf, rounds, untilPassed, untilServed } from "./support.ts";

const ttlMs = 1_000;
const deadlineMs = 1_500;
afterEach(stopAll);

test("a full disk under the journal refuses appends in time, ends no lease, loses nothing, and is over when there is room", async (context) => {
  const postgres = await OwnPostgres.start();
  const disk = await SmallDisk.mount(postgres, 8);
  try {
    if (typeof disk === "string") {
      console.warn(`PROVED NOTHING about a full disk, because none could be mounted: ${disk}`);
      return context.skip(`no small disk could be mounted: ${disk}`);
    }
    await migrate({ database: postgres.url, cluster: "default" });
    await disk.take("leasehold_default", "journal");
    const cluster = await startCluster({ ttlMs, databaseUrl: postgres.url });
    const load = cluster.load({ perSecond: 50, ids: 32, deadlineMs: 3_000 });
    const registers = new RegisterLoad(cluster, { clients: 6, ids: 6, prefix: "full" });
    await untilServed(cluster, load);
    await registers.untilAnswered(100);
    const before = homesOf(await cluster.shards());
    for (let round = 0; round < rounds(1, 10); round += 1) {
      await expectRefusedWhileFull(cluster, disk);
      // Nobody has lost a lease over it, and nobody loses one however long it lasts.
      await untilPassed(cluster, 2 * ttlMs);
      expect(homesOf(await cluster.shards())).toEqual(before);
      const roomMs = performance.now();
      await disk.makeRoom();
      await cluster.waitUntil("an append succeeds again", async () => {
        return (await write(cluster, "after")).status === 200;
      });
      expectWithin("appended again after", performance.now() - roomMs, 500);
      await registers.untilAnswered(100);
    }
    await judgeRegisters(cluster, registers, 200);
    expect(homesOf(await cluster.shards())).toEqual(before);
    await load.stop();
    expect(load.failures()).toEqual([]);
    await cluster.verify();
  } finally {
    await stopAll();
    await postgres.destroy();
    if (typeof disk !== "string") await disk.unmount();
  }
});

async function expectRefusedWhileFull(cluster: TestCluster, disk: SmallDisk): Promise<void> {
  console.info(`${await disk.fill()} bytes were left on the journal's disk`);
  // The pages that the journal has already take a few more.
  const { answer, tookMs } = await cluster.waitUntil("an append is refused", async () => {
    const startMs = performance.now();
    const seen = await write(cluster, "full");
    return seen.status === 200 ? null : { answer: seen, tookMs: performance.now() - startMs };
  });
  console.info(`refused after ${tookMs.toFixed(0)} ms (deadline ${deadlineMs} ms)`);
  expect(answer).toMatchObject({
    status: 503,
    body: { code: "STORE_UNAVAILABLE", executed: "no", retryable: true },
  });
  expect(tookMs).toBeLessThan(deadlineMs + 500);
  expect(await send(cluster, "read", null)).toMatchObject({ status: 200 });
}

const write = (cluster: TestCluster, value: string) =>
  send(cluster, "write", { value: value.repeat(200) });

/** Asked once: a client that repeats what was refused would hide the answer. */
async function send(cluster: TestCluster, command: string, input: unknown) {
  const url = `${cluster.node(1).url}/v1/entities/register/on-a-full-disk/${command}`;
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "leasehold-deadline-ms": String(deadlineMs) },
    body: JSON.stringify(input),
    signal: AbortSignal.timeout(10_000),
  });
  return { status: response.status, body: await response.json() };
}
