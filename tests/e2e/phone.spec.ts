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
