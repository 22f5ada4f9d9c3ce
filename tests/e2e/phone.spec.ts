import type { Page } from "@playwright/test";
import { expectAccessible } from "./support/axe.ts";
import { expect, test } from "./support/test.ts";

test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

/** How far the page, or its content, reaches beyond the screen. */
const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const all = [document.documentElement, ...document.querySelectorAll("main, main > *")];
    return Math.max(...all.map((it) => it.scrollWidth - it.clientWidth));
  });

test("on a phone one can see what is wrong and heal it", async ({ console, cluster }, info) => {
  const { page } = console;
  await console.open("/");
  await expect(page.getByRole("region", { name: "Verdict" })).toBeInViewport();
  expect(await overflow(page), "nothing to scroll sideways").toBeLessThanOrEqual(0);
  await page.screenshot({ path: info.outputPath("overview-phone.png"), fullPage: true });

  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Nodes" }).tap();
  await expect(console.main).toHaveAttribute("data-page", "nodes");
  await cluster.fault(2, { kind: "cut-link", peer: "node-3", ttlMs: 60_000 });
  await expect(console.node("node-2")).toHaveAttribute("data-condition", "faulted");
  await console.node("node-2").tap();
  await expect(page.getByRole("list", { name: "Faults of node-2" })).toContainText("cut-link");
  expect(await overflow(page)).toBeLessThanOrEqual(0);
  await expectAccessible(page);
  await page.screenshot({ path: info.outputPath("nodes-phone.png"), fullPage: true });

  const heal = page.getByRole("button", { name: "Heal all faults (1)" });
  await expect(heal).toBeInViewport();
  await heal.tap();
  await expect(heal).toBeHidden();
  expect((await cluster.self(2)).faults).toEqual([]);
  await expect(console.node("node-2")).toHaveAttribute("data-condition", "ready");
});

test("on a phone the map is a bar for each node, and what differs can be read", async ({
  console,
  cluster,
}, info) => {
  const { page } = console;
  await console.open("/");
  const bars = page.getByTestId("node-bar");
  await expect(bars).toHaveCount(3);
  const shards = await cluster.shards();
  for (const bar of await bars.all()) {
    const node = await bar.getAttribute("data-node-id");
    const owned = shards.filter((it) => it.owner === node).length;
    await expect(bar).toHaveAttribute("data-owned", String(owned));
    await expect(bar).toContainText(String(owned));
  }
  await page.getByRole("link", { name: "Divergence", exact: true }).tap();
  await expect(console.main).toHaveAttribute("data-page", "divergence");
  await cluster.fault(3, { kind: "cut-postgres", ttlMs: 60_000 });
  await expect(page.getByTestId("divergence-item").first()).toBeVisible();
  expect(await overflow(page)).toBeLessThanOrEqual(0);
  await page.screenshot({ path: info.outputPath("divergence-phone.png"), fullPage: true });
  await page.getByRole("button", { name: "Heal all faults (1)" }).tap();
  await expect(page.getByTestId("heal-all")).toBeHidden();
});

test("on a phone every page is within reach, and none is wider than the screen", async ({
  console,
}, info) => {
  const { page } = console;
  await console.open("/");
  const tabs = page.getByRole("navigation", { name: "Main" });
  const widths = await tabs
    .getByRole("link")
    .evaluateAll((all) =>
      all.map((it) => [it.textContent, it.scrollWidth - it.clientWidth, it.clientWidth] as const),
    );
  for (const [name, over, width] of widths) {
    expect(over, `${name} fits into its tab`).toBeLessThanOrEqual(0);
    expect(width, `${name} can be hit`).toBeGreaterThanOrEqual(44);
  }
  const more = page.getByRole("button", { name: "More" });
  await more.tap();
  const sheet = page.getByTestId("nav-sheet");
  await expect(sheet).toBeVisible();
  await expectAccessible(page);
  await page.screenshot({ path: info.outputPath("more-phone.png") });
  const names = await sheet.getByRole("link").allTextContents();
  expect(names.length).toBeGreaterThan(4);
  await more.tap();
  for (const name of names) {
    await more.tap();
    await sheet.getByRole("link", { name, exact: true }).tap();
    await expect(sheet).toBeHidden();
    await expect(page).toHaveTitle(new RegExp(`^${name}`));
    expect(await overflow(page), name).toBeLessThanOrEqual(0);
  }
  await page.goto("/nodes/node-1");
  await console.isLive();
  expect(await overflow(page), "a node's page").toBeLessThanOrEqual(0);
  await expect(page.getByRole("heading", { name: "node-1" })).toBeVisible();
  await expectAccessible(page);
  await page.screenshot({ path: info.outputPath("node-phone.png"), fullPage: true });
});
