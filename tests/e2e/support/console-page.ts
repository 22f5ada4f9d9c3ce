import { expect, type Locator, type Page } from "@playwright/test";

/** What every page of the console has, and the waits that replace sleeping. */
export class ConsolePage {
  readonly page: Page;
  readonly main: Locator;
  readonly pill: Locator;
  /** What the browser complained about. */
  readonly #errors: string[] = [];
  #expected: RegExp | null = null;

  constructor(page: Page) {
    this.page = page;
    this.main = page.getByRole("main");
    this.pill = page.getByRole("status", { name: /^Connection: / });
    page.on("pageerror", (error) => this.#errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") {
        this.#errors.push(`${message.text()} (${message.location().url})`);
      }
    });
  }

  /** Complaints that belong to what the test does. */
  expectErrors(pattern: RegExp): void {
    this.#expected = pattern;
  }

  unexpectedErrors(): readonly string[] {
    return this.#errors.filter((error) => this.#expected?.test(error) !== true);
  }

  /** Opens a path and waits until it shows the cluster as it is now. */
  async open(path: string): Promise<void> {
    await this.page.goto(path);
    await this.isLive();
  }

  async isLive(): Promise<void> {
    await this.conn("live");
    await expect(this.main).toHaveAttribute("data-applied-seq", /^[1-9]/);
  }

  async conn(state: string, timeoutMs = 15_000): Promise<void> {
    await expect(this.main).toHaveAttribute("data-conn", state, { timeout: timeoutMs });
  }

  async appliedSeq(): Promise<number> {
    return Number(await this.main.getAttribute("data-applied-seq"));
  }

  /** Waits until the page has applied the log up to `seq`. */
  readonly reached = async (seq: number): Promise<void> => {
    await expect
      .poll(() => this.appliedSeq(), { message: `the page has applied the log up to ${seq}` })
      .toBeGreaterThanOrEqual(seq);
  };

  node(nodeId: string): Locator {
    return this.page.getByTestId("node-row").and(this.page.locator(`[data-node-id="${nodeId}"]`));
  }

  /** Presses a button of the question that is open, and waits until it is answered. */
  readonly confirm = async (name: string): Promise<void> => {
    const dialog = this.page.getByRole("alertdialog");
    await dialog.getByRole("button", { name, exact: true }).click();
    await expect(dialog).toBeHidden();
  };
}
