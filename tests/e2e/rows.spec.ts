import { readFile } from "node:fs/promises";
import type { Download, Locator, Page } from "@playwright/test";
import { z } from "zod";
import { moveShard } from "./support/plan.ts";
import { expect, test } from "./support/test.ts";

const exported = z.object({
  cluster: z.string(),
  seq: z.int(),
  rows: z.array(z.record(z.string(), z.unknown())),
});

/** What a press of the button saves. */
async function save(page: Page, name: string): Promise<{ file: Download; text: string }> {
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name }).click();
  const file = await saved;
  return { file, text: await readFile(await file.path(), "utf8") };
}

const seqs = (rows: Locator): Promise<string[]> =>
  rows.evaluateAll((all) => all.map((row) => row.dataset["seq"] ?? ""));

async function showTable(page: Page): Promise<Locator> {
  await page.getByRole("group", { name: "View" }).getByRole("button", { name: "Table" }).click();
  return page.getByRole("table", { name: "Shards" });
}

test("the log stands still under the pointer, says what waits, and goes on when it leaves", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  await console.open("/timeline");
  const rows = page.getByTestId("log-row");
  await rows.nth(3).hover();
  const before = await seqs(rows);
  await moveShard(cluster, 11);
  await console.reached((await cluster.cluster()).seq);
  const changes = page.getByTestId("tools-timeline").getByTestId("apply-changes");
  await expect(changes).toBeVisible();
  expect(await seqs(rows)).toEqual(before);
  const waiting = Number(await changes.getAttribute("data-count"));
  expect(waiting).toBeGreaterThanOrEqual(3);
  await page.getByRole("textbox", { name: "Filter the log" }).hover();
  await expect(changes).toBeHidden();
  const after = (await seqs(rows)).map(Number);
  expect(after[0]).toBeGreaterThanOrEqual(Number(before[0]) + waiting);
});

test("rows keep their places under the focus; what has changed is applied by a press", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  await console.open("/shards");
  const table = await showTable(page);
  await page.keyboard.press("/");
  await page.keyboard.type("owner:node-1");
  const rows = table.getByTestId("shard-row");
  const owned = (await cluster.shards()).filter(({ owner }) => owner === "node-1");
  await expect(rows).toHaveCount(owned.length);
  await rows.first().getByRole("link").focus();
  const [first] = owned;
  if (first === undefined) throw new Error("node-1 owns nothing.");
  await moveShard(cluster, first.shard);

  const changes = page.getByTestId("tools-shards").getByTestId("apply-changes");
  await expect(changes).toHaveAttribute("data-count", "1");
  await expect(rows).toHaveCount(owned.length);
  await expect(rows.first(), "it stays, and says that it is gone").toHaveAttribute(
    "data-gone",
    "true",
  );
  await page.keyboard.press("ArrowDown");
  await expect(rows.nth(1).getByRole("link")).toBeFocused();
  await changes.click();
  await expect(rows).toHaveCount(owned.length - 1);
});

test("what passes the filter can be taken along, as CSV and as JSON", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  await console.open("/shards");
  await showTable(page);
  await page.getByRole("textbox", { name: "Filter shards" }).fill("owner:node-2");
  const owned = (await cluster.shards()).filter(({ owner }) => owner === "node-2");
  await expect(page.getByTestId("shard-row")).toHaveCount(owned.length);

  const csv = await save(page, "Export shards as CSV");
  expect(csv.file.suggestedFilename()).toMatch(/^default-shards-\d{8}T\d{6}Z-seq\d+\.csv$/);
  const [head = "", ...lines] = csv.text.trimEnd().split("\r\n");
  expect(head).toBe("group,shard,state,owner,epoch,authority,pinned");
  expect(lines).toEqual(
    owned.map((it) => `default,${it.shard},stable,node-2,${it.epoch},hosted,false`),
  );

  const json = exported.parse(JSON.parse((await save(page, "Export shards as JSON")).text));
  expect(json.cluster).toBe("default");
  expect(json.rows.map((it) => it["shard"])).toEqual(owned.map((it) => it.shard));
  for (const [path, name] of [
    ["/nodes", "nodes"],
    ["/divergence", "divergence"],
    ["/timeline", "timeline"],
  ] as const) {
    await console.open(path);
    const { rows } = exported.parse(JSON.parse((await save(page, `Export ${name} as JSON`)).text));
    const least = { nodes: 3, divergence: 0, timeline: 100 }[name];
    expect(rows.length, name).toBeGreaterThanOrEqual(least);
  }
});

test("a long table draws only what can be seen", async ({ console }) => {
  const { page } = console;
  await console.open("/timeline");
  const table = page.getByRole("table", { name: "Cluster log" });
  await expect
    .poll(async () => Number(await table.getAttribute("aria-rowcount")))
    .toBeGreaterThan(100);
  expect(await page.getByTestId("log-row").count()).toBeLessThan(60);
  const first = await page.getByTestId("log-row").first().getAttribute("data-seq");
  await page.getByTestId("timeline").evaluate((it) => it.scrollTo({ top: it.scrollHeight }));
  // The log is longer than what a page keeps of it: the last row is the oldest that is there.
  await expect
    .poll(async () => {
      const rows = Number(await table.getAttribute("aria-rowcount"));
      return (
        rows + 1 - Number(await page.getByTestId("log-row").last().getAttribute("aria-rowindex"))
      );
    })
    .toBe(0);
  expect(await page.getByTestId("log-row").first().getAttribute("data-seq")).not.toBe(first);
});
