import { nodeIds, shardCount } from "./support/e2e-cluster.ts";
import { applyPlan } from "./support/plan.ts";
import { expect, test } from "./support/test.ts";

test("a node that came back empty gets its part by the button, and then nothing is left to move", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  await cluster.crash(3);
  await cluster.waitUntilUp(3);
  await console.open("/nodes");
  await expect(console.node("node-3")).toHaveAttribute("data-owned", "0");

  await page.getByRole("link", { name: "Moves" }).click();
  await page.getByRole("button", { name: "Rebalance" }).click();
  const plan = page.getByRole("region", { name: "Rebalance plan" });
  const moves = Math.floor(shardCount / 3);
  await expect(plan.getByTestId("plan-move")).not.toHaveCount(0);
  const table = plan.getByRole("table", { name: "Moves" });
  await expect(table).toHaveAttribute("aria-rowcount", String(moves));
  for (const row of await table.getByTestId("plan-move").all()) {
    const cells = await row.getByRole("cell").allTextContents();
    expect(cells[2], "the empty node is where they go").toBe("node-3");
    expect(cells[3], "each move has a reason").toMatch(/\w+ \w+/);
  }
  await expect(page.getByTestId("plan-change").filter({ hasText: "node-3" })).toContainText(
    `0 → ${moves}`,
  );
  expect((await cluster.cluster()).nodes.find((it) => it.nodeId === "node-3")?.shards).toBe(0);

  await applyPlan(console, "Rebalance plan", moves);
  const counts = (await cluster.cluster()).nodes.map((it) => it.shards);
  expect(Math.max(...counts) - Math.min(...counts), `spread of ${counts}`).toBeLessThanOrEqual(1);
  expect(nodeIds).toHaveLength(counts.length);

  await page.getByRole("link", { name: "Moves" }).click();
  await page.getByRole("button", { name: "Rebalance" }).click();
  await expect(plan).toHaveAttribute("data-state", "preview");
  const apply = plan.getByRole("button", { name: "Apply 0 moves" });
  await expect(apply).toBeDisabled();
  await expect(apply).toHaveAttribute("title", "Off: there is nothing to move");
});
