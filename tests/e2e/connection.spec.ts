import { z } from "zod";
import { waitUntil } from "../cluster/harness/wait-until.ts";
import type { ConsolePage } from "./support/console-page.ts";
import { type E2eCluster, nodeIds } from "./support/e2e-cluster.ts";
import { moveShard } from "./support/plan.ts";
import { RelayGate } from "./support/relay-gate.ts";
import { expect, test } from "./support/test.ts";

const eventsAnswer = z.object({
  events: z.array(z.object({ seq: z.int(), type: z.string() })),
});

/** The timeline's rows after `seq` are the log's entries after `seq`. */
async function expectNothingMissed(
  { page, reached }: ConsolePage,
  cluster: E2eCluster,
  after: number,
): Promise<void> {
  await reached((await cluster.cluster()).seq);
  const { events } = eventsAnswer.parse(await cluster.read(`/v1/events?after=${after}&limit=1000`));
  expect(events.length).toBeGreaterThan(0);
  const rows = page.getByRole("table", { name: "Cluster log" }).getByTestId("log-row");
  const shown = async () =>
    (
      await rows.evaluateAll((all) =>
        all.map((row) => ({ seq: Number(row.dataset["seq"]), type: row.dataset["type"] })),
      )
    )
      .filter(({ seq }) => seq > after)
      .reverse();
  await expect.poll(shown).toEqual(events.map(({ seq, type }) => ({ seq, type })));
}

test("a silent relay makes the page stale, a closed one offline, and afterwards nothing is missing", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  console.expectErrors(/WebSocket/);
  const gate = await RelayGate.before(page);
  await console.open("/moves");
  const before = (await cluster.cluster()).seq;
  await console.reached(before);

  gate.silence();
  await moveShard(cluster, 5);
  await console.conn("stale", 5_000);
  await expect(console.pill).toHaveAccessibleName(/^Connection: stale for \d/);
  await expect(page.getByRole("status").filter({ hasText: "No heartbeat" })).toContainText(
    /As of \d+\.\d s ago/,
  );
  await expect(page.getByRole("button", { name: "Rebalance" })).toBeDisabled();
  expect(await console.appliedSeq(), "nothing came through").toBe(before);

  await gate.close();
  await console.conn("offline");
  await moveShard(cluster, 6);
  const note = page.getByRole("status").filter({ hasText: "Not connected" });
  await expect(note).toContainText(/Values are \d+\.\d s old/);

  gate.open();
  await console.conn("live");
  await page.getByRole("link", { name: "Timeline", exact: true }).click();
  await expectNothingMissed(console, cluster, before);
  const [first = 0] = gate.seqs;
  expect(gate.seqs, "on the wire, too").toEqual(gate.seqs.map((_, index) => first + index));
  expect(gate.snapshots, "it was told what it missed, not everything").toBe(1);
});

test("A7: Heal all from a page that sees nothing any more ends every fault, a paused node's too", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  const gate = await RelayGate.before(page);
  await console.open("/moves");
  gate.silence();
  await console.conn("stale", 5_000);
  await cluster.fault(1, { kind: "slow-postgres", delayMs: 5, ttlMs: 60_000 });
  await cluster.fault(2, { kind: "pause", ttlMs: 60_000 });
  const pressedMs = performance.now();
  await page.getByRole("button", { name: "Heal all faults (unknown)" }).click();
  await waitUntil("no node carries a fault", async () => {
    const nodes = await Promise.all([1, 2, 3].map((index) => cluster.self(index)));
    return nodes.every(({ faults }) => faults.length === 0);
  });
  const healedMs = Math.round(performance.now() - pressedMs);
  process.stdout.write(`healed after ${healedMs} ms (bound 2000)\n`);
  expect(healedMs).toBeLessThan(20_000);
  await expect(page.getByText(/Healed \d+ faults? on 3 nodes/)).toBeVisible();
});

test("a page outlives its console server", async ({ console, cluster }) => {
  console.expectErrors(/WebSocket|net::ERR_/);
  await console.open("/timeline");
  const before = (await cluster.cluster()).seq;
  await console.reached(before);
  const pid = cluster.consolePid();
  process.kill(pid, "SIGSTOP");
  await console.conn("stale", 5_000);
  process.kill(pid, "SIGKILL");
  await console.conn("offline");
  await moveShard(cluster, 7);
  await waitUntil("there is a console's server again", async () => {
    return (await fetch(`${cluster.consoleUrl}/api/healthz`)).ok;
  });
  await console.conn("live");
  await expectNothingMissed(console, cluster, before);
  expect(nodeIds).toContain((await cluster.shards())[7]?.owner);
});

test("an operator who does not want to wait for the next try makes it now", async ({ console }) => {
  const { page } = console;
  console.expectErrors(/WebSocket/);
  const gate = await RelayGate.before(page);
  await page.clock.install();
  await console.open("/moves");
  // With the page's clock stopped no try comes by itself.
  await page.clock.pauseAt(Date.now() + 1_000);
  await gate.close();
  await console.conn("offline");
  gate.open();
  const { tries } = gate;
  await page.getByRole("button", { name: "Retry now" }).click();
  await expect.poll(() => gate.tries).toBe(tries + 1);
  await page.clock.resume();
  await console.conn("live");
});
