import type { Page } from "@playwright/test";
import { nodeIds, shardCount } from "./support/e2e-cluster.ts";
import { applyPlan } from "./support/plan.ts";
import { expect, test } from "./support/test.ts";

/** Walks the map by keyboard, each lane from left to right, and reads the name of each cell. */
async function walkMap(page: Page): Promise<Map<string, string>> {
  const map = page.getByRole("grid", { name: `Shard map, ${shardCount} shards` });
  const cell = map.getByRole("gridcell");
  const owners = new Map<string, string>();
  const read = async (): Promise<string> => {
    const name = (await cell.getAttribute("aria-label")) ?? "";
    const shard = (await cell.getAttribute("data-shard-id")) ?? "";
    const [, owner = name] = /^Shard \d+, stable, (\S+)$/.exec(name) ?? [];
    owners.set(shard, owner);
    return shard;
  };
  /** Presses a key until it leads nowhere. */
  const go = async (key: string): Promise<void> => {
    for (let at = await read(), before = ""; at !== before; ) {
      before = at;
      await map.press(key);
      at = await read();
    }
  };
  await map.focus();
  await map.press("ArrowRight");
  for (let lane = "", before = "-"; lane !== before; ) {
    before = lane;
    await go("ArrowRight");
    lane = await read();
    await map.press("ArrowDown");
    await go("ArrowLeft");
  }
  return owners;
}

test("map and table name the owner that the nodes name", async ({ console, cluster }) => {
  const { page } = console;
  await console.open("/shards");
  const rows = await cluster.shards();
  const owners = new Map(rows.map((row) => [`${row.group}/${row.shard}`, row.owner ?? ""]));
  expect(owners.size).toBe(shardCount);
  expect(await walkMap(page)).toEqual(owners);

  await page.getByRole("group", { name: "View" }).getByRole("button", { name: "Table" }).click();
  const table = page.getByRole("table", { name: "Shards" });
  const inTable = new Map<string, string>();
  for (const nodeId of nodeIds) {
    const own = rows.filter((row) => row.owner === nodeId);
    await page.getByRole("textbox", { name: "Filter shards" }).fill(`owner:${nodeId}`);
    await expect(page.getByTestId("filter-count")).toHaveText(`${own.length} of ${shardCount}`);
    await expect(table.getByTestId("shard-row")).toHaveCount(own.length);
    for (const row of await table.getByTestId("shard-row").all()) {
      inTable.set((await row.getAttribute("data-shard-id")) ?? "", nodeId);
      await expect(row.getByRole("cell").nth(2)).toHaveText(nodeId);
    }
  }
  expect(inTable).toEqual(owners);
});

test("a shard that is moved has its new owner, a higher epoch and a pin", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  const [row] = await cluster.shards();
  if (row?.owner == null) throw new Error("There is no shard.");
  const target = nodeIds.find((nodeId) => nodeId !== row.owner) ?? "";
  const path = `/shards/${row.group}/${row.shard}`;
  await console.open(path);
  const beliefs = page.getByRole("table", {
    name: `Beliefs about shard ${row.group}/${row.shard}`,
  });
  await expect(
    beliefs.getByRole("cell", { name: `${row.owner} epoch ${row.epoch}` }),
  ).toBeVisible();

  await page.getByRole("button", { name: "Move…" }).click();
  await page.getByRole("radio", { name: new RegExp(`^${target} `) }).check();
  await console.confirm("Preview 1 move");
  await applyPlan(console, "Move plan", 1);

  await page.goto(path);
  const moved = (await cluster.shards()).find((it) => it.shard === row.shard);
  expect(moved).toMatchObject({ owner: target, state: "hosted", pinned: true });
  expect(moved?.epoch).toBeGreaterThan(row.epoch);
  await expect(
    beliefs.getByRole("cell", { name: `${target} epoch ${moved?.epoch}`, exact: true }),
  ).toBeVisible();
  await expect(page.getByTestId("shard-sentence")).toContainText(
    `${target} serves it at epoch ${moved?.epoch}, and Postgres says the same.`,
  );
  const log = page.getByRole("table", { name: "Cluster log" });
  await expect(
    log.getByTestId("log-row").filter({ hasText: "shard-hosted" }).first(),
  ).toBeVisible();

  await page.getByRole("button", { name: "Unpin" }).click();
  await expect(page.getByRole("button", { name: "Unpin" })).toBeHidden();
  expect((await cluster.shards()).some((it) => it.pinned)).toBe(false);
});
