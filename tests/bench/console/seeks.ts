import type { Page } from "@playwright/test";

/**
 * From a press somewhere on the time bar until a person can see that moment, as the frame after it.
 *
 * @param restMs how long the pointer rested there before: a hand needs a tenth of a second to press.
 * @returns null where the press led to the moment that was shown already. @unit milliseconds
 */
export async function pressToPast(page: Page, restMs: number): Promise<number | null> {
  const track = page.getByRole("slider", { name: "Time" });
  const box = await track.boundingBox();
  if (box === null) throw new Error("The page has no time bar.");
  // The bar spans 15 minutes, and the recording some eight of them.
  await page.mouse.move(box.x + box.width * (0.42 + 0.38 * Math.random()), box.y + box.height / 2);
  await page.waitForTimeout(restMs);
  const seen = page.evaluate(whenPastIsShown);
  // Evaluations run one after the other: the first has begun.
  await page.evaluate(() => undefined);
  await page.mouse.down();
  await page.mouse.up();
  return await seen;
}

function whenPastIsShown(): Promise<number | null> {
  const giveUpMs = 5_000;
  const main = document.querySelector("main");
  if (main === null) throw new Error("The page has no main.");
  const before = main.dataset["at"];
  let pressedAtMs = 0;
  const press = (event: Event): void => {
    pressedAtMs = event.timeStamp;
  };
  window.addEventListener("pointerdown", press, { capture: true, once: true });
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), giveUpMs);
    const observer = new MutationObserver(() => {
      if (main.dataset["at"] === before) return;
      observer.disconnect();
      clearTimeout(timer);
      requestAnimationFrame(() => requestAnimationFrame((now) => resolve(now - pressedAtMs)));
    });
    observer.observe(main, { attributeFilter: ["data-at"] });
  });
}
