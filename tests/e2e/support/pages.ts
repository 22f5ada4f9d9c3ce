import type { Page } from "@playwright/test";

/** Every page that the console's navigation leads to, one node's and one shard's. */
export async function pagesOf(page: Page): Promise<readonly string[]> {
  const hrefs = await page
    .getByRole("navigation")
    .first()
    .getByRole("link")
    .evaluateAll((links) => links.map((it) => it.getAttribute("href") ?? ""));
  const own = hrefs.filter((it) => it.startsWith("/"));
  return [...new Set([...own, "/nodes/node-001", "/shards/default/17"])];
}
