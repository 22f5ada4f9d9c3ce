import { shardCount } from "./support/e2e-cluster.ts";
import { expect, test } from "./support/test.ts";

test("a crashed node's lane empties, and the node comes back in another life", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  const { incarnation } = await cluster.self(3);
  await console.open("/nodes/node-3");
  await page.getByRole("button", { name: "Crash…" }).click();
  const dialog = page.getByRole("alertdialog", { name: "Crash node-3?" });
  const crash = dialog.getByRole("button", { name: "Crash node" });
  await expect(crash).toBeDisabled();
  await dialog.getByRole("textbox", { name: "Type node-3 to go on" }).fill("node-3");
  await console.confirm("Crash node");

  await page.getByRole("link", { name: "Overview", exact: true }).click();
  await expect(page.getByRole("img", { name: /node-3 owns 0 shards/ })).toBeVisible();
  await expect(page.getByTestId("shards-hosted")).toHaveText(String(shardCount));

  await cluster.waitUntilUp(3);
  expect((await cluster.self(3)).incarnation).not.toBe(incarnation);
  await page.getByRole("link", { name: "Nodes", exact: true }).click();
  await expect(console.node("node-3")).toHaveAttribute("data-condition", "ready");
  await expect(console.node("node-3")).toHaveAttribute("data-owned", "0");
});

test("a drained node hands everything over, and is open again once uncordoned", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  await console.open("/nodes");
  const row = console.node("node-2");
  await row.click();
  const detail = page.getByRole("region", { name: "node-2" });
  const owned = Number(await row.getAttribute("data-owned"));
  expect(owned).toBeGreaterThan(0);
  await detail.getByRole("button", { name: "Drain…" }).click();
  await console.confirm(`Drain ${owned} shards`);
  await expect(row).toHaveAttribute("data-condition", "drained", { timeout: 20_000 });
  await expect(row).toHaveAttribute("data-owned", "0");
  const { hosted, total } = (await cluster.cluster()).shards;
  expect(hosted).toBe(total);

  await expect(detail.getByRole("button", { name: "Drain…" })).toBeDisabled();
  await detail.getByRole("button", { name: "Uncordon" }).click();
  await expect(row).toHaveAttribute("data-condition", "ready");
});

test("a cordoned node keeps its shards and gets no new ones", async ({ console, cluster }) => {
  const { page } = console;
  await cluster.empty(1);
  await console.open("/nodes");
  const row = console.node("node-1");
  await expect(row).toHaveAttribute("data-owned", "0");
  await row.click();
  const detail = page.getByRole("region", { name: "node-1" });
  await detail.getByRole("button", { name: "Cordon" }).click();
  await expect(row).toHaveAttribute("data-condition", "cordoned");

  await page.getByRole("link", { name: "Moves", exact: true }).click();
  await page.getByRole("button", { name: "Rebalance" }).click();
  const plan = page.getByRole("region", { name: "Rebalance plan" });
  await expect(plan).toHaveAttribute("data-state", "preview");
  await expect(plan.getByRole("cell", { name: "node-1" })).toHaveCount(0);

  await page.getByRole("link", { name: "Nodes", exact: true }).click();
  await row.click();
  await detail.getByRole("button", { name: "Uncordon" }).click();
  await expect(row).toHaveAttribute("data-condition", "ready");
});

test("a paused node is not heard, loses its shards past its lease, and heals", async ({
  console,
}) => {
  const { page } = console;
  await console.open("/nodes");
  const row = console.node("node-1");
  await row.click();
  const detail = page.getByRole("region", { name: "node-1" });
  await detail.getByRole("button", { name: "Pause…" }).click();
  const dialog = page.getByRole("alertdialog", { name: "Pause node-1?" });
  await dialog
    .getByRole("group", { name: "Ends after" })
    .getByRole("button", { name: "2 min" })
    .click();
  await console.confirm("Pause");
  await expect(row).toHaveAttribute("data-condition", /unknown|dead/);
  await expect(row).toHaveAttribute("data-owned", "0");
  await page.getByRole("link", { name: "Overview", exact: true }).click();
  await expect(page.getByTestId("shards-hosted")).toHaveText(String(shardCount));

  await page.getByRole("button", { name: "Heal all faults (1)" }).click();
  await expect(page.getByTestId("fault-pill")).toHaveAttribute("data-count", "0");
  await page.getByRole("link", { name: "Nodes", exact: true }).click();
  await expect(row).toHaveAttribute("data-condition", "ready");
  await expect(row).toHaveAttribute("data-owned", "0");
  await expect(page.getByTestId("divergence-pill")).toHaveAttribute("data-count", "0");
});
