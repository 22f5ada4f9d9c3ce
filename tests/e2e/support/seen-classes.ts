import type { Page } from "@playwright/test";

/**
 * From now on notes each class that the divergence page counts, however short it lasts: some come and go
 * between two looks.
 *
 * @returns reads the largest count of each class so far, in the order of their first appearance.
 */
export async function watchClasses(page: Page): Promise<() => Promise<Map<string, number>>> {
  const seen = await page.evaluateHandle(() => {
    const most = new Map<string, number>();
    const look = (): void => {
      for (const it of document.querySelectorAll<HTMLElement>("[data-testid=divergence-class]")) {
        const { class: name = "", count = "0" } = it.dataset;
        if (Number(count) > (most.get(name) ?? 0)) most.set(name, Number(count));
      }
    };
    look();
    new MutationObserver(look).observe(document.body, { subtree: true, attributes: true });
    return most;
  });
  return async () => new Map(await seen.evaluate((most) => [...most]));
}
