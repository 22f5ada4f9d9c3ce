import { afterEach, expect, test } from "vitest";
import { rounds } from "../failures/support.ts";
import { startCluster, stopAll, type TestCluster, type TestNode } from "../harness.ts";
import { expectFencedInOrder, findFaults } from "../judge-registers.ts";
import { RegisterLoad } from "../register-load.ts";
import { pick, untilTakenOver } from "../support.ts";
import type { planted } from "./mistakes.ts";

/**
 * The judges of the other tests beside clusters that lack a fence: they must find it. In the long form the same
 * trouble without the mistake comes first, so that it is the mistake that they find.
 */

/** Which of them shows it is a matter of moments. */
const tries = 12;
const planter = new URL("./planted.ts", import.meta.url).href;

afterEach(stopAll);

/** All entities are in one shard. */
async function startWith(mistake: keyof typeof planted | null, ttlMs: number) {
  const env =
    mistake === null ? {} : { NODE_OPTIONS: `--import ${planter}`, LEASEHOLD_TEST_PLANT: mistake };
  return await startCluster({ shards: 1, ttlMs, env });
}

/** The owner, which does not lead: who declares its death is not in trouble itself. */
async function ownerOf(cluster: TestCluster): Promise<TestNode> {
  const [shard] = await cluster.shards();
  const owner = cluster.nodeById(shard?.owner ?? "");
  const candidate = await pick(cluster, "candidate");
  if (owner.nodeId !== (await cluster.cluster()).coordinator?.nodeId) return owner;
  const moves = [{ group: "default", shard: 0, to: candidate.nodeId }];
  const plan = (await owner.ask("POST", "/v1/plans", { kind: "move", moves })) as {
    readonly planId: string;
  };
  await owner.ask("POST", `/v1/plans/${plan.planId}/apply`);
  await untilTakenOver(cluster, owner.nodeId, 1);
  return candidate;
}

const viaOther = (cluster: TestCluster, node: TestNode): number =>
  cluster.nodes.findIndex((one) => one !== node) + 1;

/** An owner's appends reach Postgres after its successor's first. @returns whether the journal shows it. */
async function delayAppends(cluster: TestCluster, round: number): Promise<boolean> {
  const owner = await ownerOf(cluster);
  // So many that the successor has not written to all of them when the late appends come; all of them are loaded,
  // so that what the cut meets is an append and not a read.
  const ids = 100;
  const load = new RegisterLoad(cluster, { clients: 16, ids, prefix: `late-${round}` });
  await load.untilAnswered(2 * ids);
  await cluster.cutPostgres(owner, "out");
  await untilTakenOver(cluster, owner.nodeId, viaOther(cluster, owner));
  await load.untilAnswered(10);
  await owner.heal();
  await load.untilAnswered(50);
  await load.stop();
  await cluster.waitForStableOwnership();
  const isFenced = await expectFencedInOrder(cluster).then(
    () => true,
    () => false,
  );
  return !isFenced;
}

/** An owner that hears nobody is read while its successor serves. @returns whether an answer shows it. */
async function readBoth(cluster: TestCluster, round: number): Promise<boolean> {
  const owner = await ownerOf(cluster);
  const others = cluster.nodes.filter((node) => node !== owner);
  const common = { ids: 5, prefix: `both-${round}`, deadlineMs: 300 };
  const readers = new RegisterLoad({ nodes: [owner] }, { ...common, clients: 5, readsOnly: true });
  await readers.untilAnswered(20);
  await cluster.isolate(owner);
  await cluster.cutPostgres(owner);
  await untilTakenOver(cluster, owner.nodeId, viaOther(cluster, owner));
  const writers = new RegisterLoad({ nodes: others }, { ...common, clients: 8 });
  await writers.untilAnswered(50);
  await cluster.waitUntil(`${owner.nodeId} serves nothing`, async () => {
    return (await owner.self()).shards.every(({ serving }) => !serving);
  });
  await owner.heal();
  const { faults } = await findFaults(cluster, [readers, writers]);
  await cluster.waitForStableOwnership();
  return faults.length > 0;
}

async function untilFound(
  cluster: TestCluster,
  trouble: (cluster: TestCluster, round: number) => Promise<boolean>,
): Promise<boolean> {
  for (let round = 0; round < tries; round += 1) {
    if (await trouble(cluster, round)) return true;
  }
  return false;
}

test.each([
  ["an append without a fence", 1_000, delayAppends],
  ["a take-over that does not wait for the lease to run out", 3_000, readBoth],
] as const)(
  "%s is found",
  async (mistake, ttlMs, trouble) => {
    for (let round = 0; round < rounds(0, 1); round += 1) {
      const sound = await startWith(null, ttlMs);
      expect(await trouble(sound, 0), "a fault where nothing was planted").toBe(false);
      await stopAll();
    }
    const cluster = await startWith(mistake, ttlMs);
    expect(await untilFound(cluster, trouble), `within ${tries} tries`).toBe(true);
  },
  120_000,
);
