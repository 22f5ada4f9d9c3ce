import { readFile } from "node:fs/promises";
import { expect, type Page } from "@playwright/test";
import { z } from "zod";

const exported = z.object({ rows: z.array(z.record(z.string(), z.unknown())) });

/** What pages say of a moment that does not only count the time since: the same for whoever looks, whenever. */
export interface MomentFacts {
  /** Owner, epoch and state of every shard, as the page exports them. */
  readonly shards: readonly Readonly<Record<string, unknown>>[];
  /** Per shard: the lines of its table of beliefs, cell by cell. */
  readonly beliefs: Readonly<Record<string, readonly (readonly string[])[]>>;
  /** Per page: its rows, in words. */
  readonly rows: Readonly<Record<string, string>>;
}

/** Reads the moment that the page is at. */
export async function factsOf(page: Page, shards: readonly number[]): Promise<MomentFacts> {
  const rows: Record<string, string> = {};
  for (const [href, testId] of [
    ["/nodes", "node-row"],
    ["/divergence", "divergence-list"],
    ["/timeline", "log-row"],
  ] as const) {
    await page.locator(`nav a[href="${href}"]`).click();
    // The page before may have such rows as well: a node's own differences stand beside it.
    await expect(page.getByRole("main")).toHaveAttribute("data-page", href.slice(1));
    await expect(page.getByTestId(testId).first()).toBeVisible();
    rows[href] = (await page.getByTestId(testId).allInnerTexts()).join("\n");
  }
  const beliefs: Record<string, readonly (readonly string[])[]> = {};
  for (const shard of shards) beliefs[shard] = await beliefsOf(page, shard);
  return { shards: await everyShard(page), beliefs, rows };
}

async function everyShard(page: Page): Promise<MomentFacts["shards"]> {
  await page.locator('nav a[href="/shards"]').click();
  await page.getByRole("group", { name: "View" }).getByRole("button", { name: "Table" }).click();
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export shards as JSON" }).click();
  const text = await readFile(await (await saved).path(), "utf8");
  return exported.parse(JSON.parse(text)).rows;
}

async function beliefsOf(page: Page, shard: number): Promise<readonly (readonly string[])[]> {
  await expect(page, "the address names the moment").toHaveURL(/[?&]at=\d/);
  const url = new URL(page.url());
  url.pathname = `/shards/default/${shard}`;
  await page.goto(url.href);
  // The page comes with the present and goes to the moment from there.
  await expect(page.getByRole("main")).toHaveAttribute("data-conn", "historical");
  const table = page.getByTestId("belief-table");
  await expect(table.getByTestId("belief-cell").first()).toBeVisible();
  return await table
    .locator("tr")
    .evaluateAll((lines) =>
      lines.map((line) => [...line.children].map((cell) => cell.textContent)),
    );
}
