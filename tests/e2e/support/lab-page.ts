import { expect, type Locator, type Page } from "@playwright/test";
import type { ConsolePage } from "./console-page.ts";

/** By the field's name on the page: what is typed there, or which of a few is pressed. */
export type Fields = Readonly<Record<string, string>>;

/** What the page of a run says at its end. */
export interface Told {
  readonly verdict: string;
  readonly reasons: readonly string[];
  /** Each step and how it ended, in the order in which they stand. */
  readonly steps: readonly (readonly [id: string, state: string])[];
  /** Those that were seen to go on, in the order of their first sight. */
  readonly wentBy: readonly string[];
}

/** The lab as somebody uses it who has nothing but the browser. */
export class LabPage {
  readonly #console: ConsolePage;
  readonly #page: Page;

  constructor(console: ConsolePage) {
    this.#console = console;
    this.#page = console.page;
  }

  /** Chooses it, reads what it touches and must prove, starts it, and follows it to its verdict on its own page. */
  async play(scenario: string, fields: Fields, limitMs: number): Promise<Told> {
    const board = await this.#choose(scenario);
    const wentBy = await watchSteps(this.#page);
    await this.#start(board, fields);
    await board.getByRole("link", { name: "Report" }).click();
    await expect(this.#page).toHaveURL(/\/lab\/runs\/[0-9a-f-]{36}$/);
    const band = this.#page.getByTestId("run-verdict");
    const words = { pass: "PASS", fail: "FAIL", "not-observed": "NOT OBSERVED" };
    await expect(band.getByRole("heading", { name: /^(PASS|FAIL|NOT OBSERVED)$/ })).toBeVisible({
      timeout: limitMs,
    });
    const verdict = (await band.getAttribute("data-verdict")) ?? "";
    await expect(band.getByRole("heading")).toHaveText(words[verdict as keyof typeof words]);
    return {
      verdict,
      reasons: await band.getByTestId("run-reason").allInnerTexts(),
      steps: await this.#page
        .getByTestId("run-step")
        .evaluateAll((all) =>
          all.map((it) => [it.dataset["id"] ?? "", it.dataset["state"] ?? ""] as const),
        ),
      wentBy: await wentBy(),
    };
  }

  async #choose(scenario: string): Promise<Locator> {
    const page = this.#page;
    await this.#console.open("/lab");
    const isIt = page.locator(`[data-id="${scenario}"]`);
    const list = page.getByRole("navigation", { name: "Scenarios" });
    await list.getByRole("link").and(isIt).click();
    return page.getByTestId("scenario-board").and(isIt);
  }

  async #start(board: Locator, fields: Fields): Promise<void> {
    const name = await board.getByRole("heading", { level: 1 }).textContent();
    await board.getByRole("button", { name: /^(Start|Run again)…$/ }).click();
    const dialog = this.#page.getByRole("alertdialog", { name: `Run ${name}?` });
    for (const [field, value] of Object.entries(fields)) await fill(dialog, field, value);
    await expect(dialog.getByTestId("blast")).toHaveText(/^\d+ of \d+ shards, on node-/);
    await expect(dialog.getByTestId("hypothesis")).toContainText(
      "No shard is served by two nodes at the same instant.",
    );
    await dialog.getByRole("button", { name: /^Start: \d+ shards?$/ }).click();
    await expect(dialog).toBeHidden();
    await expect(board.getByTestId("run-verdict")).toHaveAttribute("data-verdict", "running");
  }
}

async function fill(dialog: Locator, field: string, value: string): Promise<void> {
  const choices = dialog.getByRole("group", { name: field });
  const input = dialog.getByLabel(field, { exact: true });
  if ((await choices.count()) > 0) {
    await choices.getByRole("button", { name: value, exact: true }).click();
  } else if ((await input.getAttribute("inputmode")) === null) await input.selectOption(value);
  else await input.fill(value);
}

/** From now on notes the steps that a run's page or board shows as under way: some last shorter than a look. */
async function watchSteps(page: Page): Promise<() => Promise<readonly string[]>> {
  const seen = await page.evaluateHandle(() => {
    const ids = new Set<string>();
    const running = "[data-testid=run-step][data-state=running]";
    const look = (): void => {
      for (const it of document.querySelectorAll<HTMLElement>(running)) {
        ids.add(it.dataset["id"] ?? "");
      }
    };
    const everything = { subtree: true, attributes: true, childList: true };
    new MutationObserver(look).observe(document.body, everything);
    return ids;
  });
  return async () => await seen.evaluate((ids) => [...ids]);
}
