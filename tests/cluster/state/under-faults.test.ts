import { afterEach, expect, test } from "vitest";
import { killFreezeAndCut, Nemesis, randomOf } from "../failures/nemesis.ts";
import { rounds, untilPassed } from "../failures/support.ts";
import { startCluster, stopAll, type TestCluster, type TestNode } from "../harness.ts";
import { expectFencedInOrder, judgeRegisters } from "../judge-registers.ts";
import { RegisterLoad } from "../register-load.ts";
import { judgeTransfers } from "./judge-transfers.ts";
import { TransferLoad } from "./transfer-load.ts";

const ttlMs = 1_000;
const seconds = rounds(10, 60);
const transfers = rounds(2_000, 100_000);
const seed = Number(process.env["LEASEHOLD_TEST_SEED"] ?? Date.now() % 1_000_000);

afterEach(stopAll);

/** Nodes are killed, frozen and cut off at random until `until` has ended; then all is well again. */
async function whileInTrouble(cluster: TestCluster, until: () => Promise<unknown>): Promise<void> {
  console.info(
    `to repeat it: LEASEHOLD_TEST_SEED=${seed} vitest run --project cluster under-faults`,
  );
  const nemesis = new Nemesis(cluster, seed, new Set<TestNode>(), killFreezeAndCut);
  let hasEnded = false;
  const ended = until().finally(() => {
    hasEnded = true;
  });
  try {
    while (!hasEnded) await nemesis.run(performance.now() + 100, 2 * ttlMs);
  } finally {
    console.info(nemesis.done.join(", "));
  }
  await ended;
  await Promise.all(cluster.nodes.map((node) => node.becomeReady(30_000)));
  await cluster.heal();
  await cluster.verify();
  expect(nemesis.done.length, "or nothing was tried").toBeGreaterThan(2);
}

test(
  `registers stay linearizable for ${seconds} s in which nodes are killed, frozen and cut off at random`,
  async () => {
    const cluster = await startCluster({ ttlMs });
    const load = new RegisterLoad(cluster, { clients: 8, ids: 5, prefix: "register" });
    await load.untilAnswered(50);
    await whileInTrouble(cluster, () => untilPassed(cluster, seconds * 1_000));
    await load.untilAnswered(50);
    await judgeRegisters(cluster, load);
  },
  (seconds + 120) * 1_000,
);

test(
  `${transfers} transfers between 100 accounts while nodes are killed, frozen and cut off at random neither make nor lose money`,
  async () => {
    const cluster = await startCluster({ ttlMs });
    const random = randomOf(seed);
    const load = new TransferLoad(cluster, { transfers, accounts: 100, clients: 32, random });
    await load.open();
    const startMs = performance.now();
    await whileInTrouble(cluster, () => load.run());
    const tookMs = performance.now() - startMs;
    const open = load.transfers.filter((one) => one.hasLeft !== one.hasArrived).length;
    await load.finish();
    await judgeTransfers(cluster, load);
    await expectFencedInOrder(cluster);
    const done = load.transfers.filter((one) => one.hasArrived).length;
    console.info(
      `${done} of ${transfers} transfers, the others had no funds; ${(tookMs / 1_000).toFixed(1)} s, ${open} open, ${load.askedAgain} commands asked again`,
    );
    expect(done).toBeGreaterThan(transfers / 2);
  },
  (transfers / 50 + 120) * 1_000,
);
