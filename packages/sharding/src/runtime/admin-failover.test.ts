import { afterEach, describe, expect, test } from "vitest";
import type { AdminCommand } from "../core/messages.ts";
import { CounterCluster } from "./fixtures/counter.ts";

let cluster: CounterCluster;

const cordon = (nodeId: string): AdminCommand => ({ tag: "cordon", by: "ann", nodeId });
const preview: AdminCommand = { tag: "preview", by: "ann", request: { kind: "rebalance" } };
/** As an HTTP request has it. @unit milliseconds */
const deadlineMs = 10_000;

/** Asks, and says what that led to and after how long. */
async function ask(via: string, command: AdminCommand) {
  const { clock } = cluster;
  const startMs = clock.monotonicMs();
  const asked = cluster.nodeOf(via).node.admin(command, deadlineMs);
  const [{ status, ...rest }] = await cluster.result(Promise.allSettled([asked]));
  return { ...rest, tookMs: clock.monotonicMs() - startMs };
}

/** Three nodes; node-1 leads. */
async function start() {
  cluster = new CounterCluster();
  await cluster.startLedByFirst(3);
  return cluster.nodeOf("node-1");
}

const anotherLeads = () =>
  cluster.until("another one leads", () => cluster.state.coordinator?.nodeId !== "node-1");

const cordonsOf = (nodeId: string) =>
  cluster.entries().filter((one) => one.type === "node-cordoned" && one.nodeId === nodeId);

afterEach(() => cluster.expectReplay());

describe("an operator's command", () => {
  // The coordinator's own node knows when its session ends; the others, when somebody else leads.
  test.each([
    ["node-1", 0],
    ["node-2", 50],
  ])(
    "asked at %s and in a commit when its coordinator ends is unknown then, not at its deadline",
    async (via, laterMs) => {
      const { postgres } = await start();
      postgres.cut();
      const inCommit = ask(via, cordon("node-3"));
      const ledAfterMs = await anotherLeads();
      const { tookMs, ...rest } = await inCommit;
      const reason = { code: "COORDINATOR_UNAVAILABLE", executed: "unknown" };
      expect(rest).toMatchObject({ reason });
      expect(tookMs).toBeLessThan(ledAfterMs + laterMs);
    },
  );

  test("of a node that leads and loses its session then is carried out by the next one, once", async () => {
    await start();
    const asked = Promise.all([ask("node-1", preview), ask("node-1", cordon("node-2"))]);
    const lease = cluster.postgres.tables.lease("node-1");
    if (lease !== null) cluster.postgres.backends.terminate(lease.backend);
    const [looked, done] = await asked;
    expect(looked).toMatchObject({ value: { preview: { planId: "p-2-1" } } });
    expect(done).toMatchObject({ value: { planId: null } });
    expect(cordonsOf("node-2")).toHaveLength(1);
    expect(Math.max(looked.tookMs, done.tookMs)).toBeLessThan(500);
  });

  test("that waits for a commit is carried out by the next coordinator when this one leaves, once", async () => {
    const { node, postgres } = await start();
    postgres.cut();
    void ask("node-2", cordon("node-3"));
    await cluster.run(5);
    const asked = ask("node-2", cordon("node-2"));
    await cluster.run(5);
    void node.stop();
    const { tookMs, ...rest } = await asked;
    expect(rest).toMatchObject({ value: { planId: null } });
    expect(cordonsOf("node-2")).toHaveLength(1);
    expect(tookMs).toBeLessThan(2_000);
  });
});
