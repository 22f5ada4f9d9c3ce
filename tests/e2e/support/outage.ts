import type { Page } from "@playwright/test";
import { waitUntil } from "../../cluster/harness/wait-until.ts";
import { CoveredTab } from "./covered-tab.ts";
import type { Feeder } from "./feeder.ts";
import type { LineGate } from "./line-gate.ts";

interface Scene {
  readonly feeder: Feeder;
  /** Between browser and console. */
  readonly gate: LineGate;
}

/** @unit milliseconds */
export interface Outage {
  /** From the first silence until the page says that it is stale. */
  readonly staleAfterMs: number;
  readonly missed: number;
  /** From the new line until everything is applied that was committed before it. */
  readonly caughtUpMs: number;
}

/** Silences the line, cuts it, and lets it come again when so many events have been missed. */
export async function outage(
  { feeder, gate }: Scene,
  page: Page,
  missing: number,
): Promise<Outage> {
  const stale = page.evaluate(whenState, "stale");
  await page.evaluate(() => undefined);
  const silencedAtMs = Date.now();
  gate.silence();
  const before = await feeder.seq();
  const staleAfterMs = (await stale) - silencedAtMs;
  gate.close();
  await page.locator('main[data-conn="offline"]').waitFor();
  await waitUntil(
    `${missing} events are missed`,
    async () => (await feeder.seq()) - before > missing,
    { timeoutMs: 60_000 },
  );
  gate.openedAtMs = 0;
  gate.open();
  await waitUntil("there is a line again", () => gate.openedAtMs > 0);
  const target = await feeder.seq();
  const caughtUpAtMs = await page.evaluate(whenApplied, target);
  return { staleAfterMs, missed: target - before, caughtUpMs: caughtUpAtMs - gate.openedAtMs };
}

/** Covers a tab, and says how long it takes to be live and current once it is seen again. */
export async function covered(
  { feeder, gate }: Scene,
  page: Page,
  seconds: number,
): Promise<{ readonly frames: number; readonly missed: number; readonly backMs: number }> {
  const tab = await CoveredTab.open(page, `${gate.url}/shards`);
  await tab.frame.locator('main[data-conn="live"]').waitFor();
  await tab.cover();
  const before = await feeder.seq();
  const frames = await tab.framesIn(seconds);
  const shown = tab.frame.evaluate(whenApplied, (await feeder.seq()) + 1);
  const uncoveredAtMs = await tab.uncover();
  return {
    frames,
    missed: (await feeder.seq()) - before,
    backMs: (await shown) - uncoveredAtMs,
  };
}

/** Resolves when the page names a state of its line, by `Date.now()`. */
const whenState = (state: string): Promise<number> =>
  new Promise((resolve) => {
    const main = document.querySelector("main");
    if (main === null) throw new Error("The page has no main.");
    const observer = new MutationObserver(() => {
      if (main.dataset["conn"] !== state) return;
      observer.disconnect();
      requestAnimationFrame(() => resolve(Date.now()));
    });
    observer.observe(main, { attributeFilter: ["data-conn"] });
  });

/** Resolves when the page is live and shows a position, as the frame after it; by `Date.now()`. */
const whenApplied = (seq: number): Promise<number> =>
  new Promise((resolve) => {
    const look = (): void => {
      const { conn, appliedSeq } = document.querySelector("main")?.dataset ?? {};
      if (conn === "live" && Number(appliedSeq) >= seq)
        requestAnimationFrame(() => resolve(Date.now()));
      else requestAnimationFrame(look);
    };
    look();
  });
