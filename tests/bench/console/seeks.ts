import type { Page } from "@playwright/test";

/**
 * From a press somewhere on the time bar until a person can see that moment, as the frame after it.
 *
 * @returns null where the press led to the moment that was shown already. @unit milliseconds
 */
export async function pressToPast(page: Page): Promise<number | null> {
  const track = page.getByRole("slider", { name: "Time" });
  const box = await track.boundingBox();
  if (box === null) throw new Error("The page has no time bar.");
  const seen = track.evaluate(whenPastIsShown);
  // Evaluations run one after the other: the first has begun.
  await page.evaluate(() => undefined);
  const x = box.x + box.width * (0.02 + 0.96 * Math.random());
  await page.mouse.click(x, box.y + box.height / 2);
  return await seen;
}

function whenPastIsShown(track: Element): Promise<number | null> {
  const giveUpMs = 5_000;
  const main = document.querySelector("main");
  if (main === null) throw new Error("The page has no main.");
  const before = main.dataset["at"];
  let pressedAtMs = 0;
  const press = (event: Event): void => {
    pressedAtMs = event.timeStamp;
  };
  track.addEventListener("pointerdown", press, { capture: true, once: true });
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
