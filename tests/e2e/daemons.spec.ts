import type { Locator, Page, TestInfo } from "@playwright/test";
import { expectAccessible } from "./support/axe.ts";
import { type DaemonsScene, startDaemons } from "./support/daemons-scene.ts";
import { RelayGate } from "./support/relay-gate.ts";
import { expect, test } from "./support/test.ts";

let scene: DaemonsScene;
test.beforeAll(async ({ cluster }) => {
  scene = await startDaemons(cluster.databaseUrl);
});
test.afterAll(() => scene?.end());

const daemon = (page: Page, name: string): Locator =>
  page.getByRole("region", { name, exact: true });

const worker = (of: Locator, index: number): Locator =>
  of.getByTestId("worker-row").and(of.page().locator(`[data-index="${index}"]`));

async function scale(page: Page, name: string, workers: number): Promise<void> {
  await daemon(page, name).getByRole("button", { name: "Scale…" }).click();
  const dialog = page.getByRole("alertdialog", { name: `Scale ${name}?` });
  await dialog.getByRole("textbox", { name: "Workers" }).fill(String(workers));
  await dialog.getByRole("button", { name: /^Scale to/ }).click();
  await expect(dialog).toBeHidden();
}

/** In the dark and in the light, each without what axe finds. */
async function look(page: Page, info: TestInfo, name: string): Promise<void> {
  for (const theme of ["dark", "light"]) {
    if ((await page.locator("html").getAttribute("data-theme")) !== theme) {
      await page.getByRole("button", { name: "Switch theme" }).click();
    }
    await expectAccessible(page);
    await page.screenshot({ path: info.outputPath(`${name}-${theme}.png`), fullPage: true });
  }
}

test("every worker is shown with its home, and a daemon is scaled while it runs", async ({
  console,
}) => {
  const { page } = console;
  console.expectErrors(/400/);
  await page.goto(`${scene.url}/daemons`);
  const settler = daemon(page, "settler");
  await expect(settler).toHaveAttribute("data-running", "2");
  await expect(daemon(page, "printer")).toHaveAttribute("data-running", "1");
  await expect(page.getByTestId("daemon-totals")).toHaveText("2 daemons · 3 of 3 workers running");
  const homes = await settler
    .getByTestId("worker-row")
    .evaluateAll((rows) => rows.map((row) => row.dataset["nodeId"]));
  const shards = (await scene.nodes.shards()).filter(({ group }) => group === "daemon:settler");
  expect(homes).toEqual(shards.map(({ owner }) => owner));

  await console.isLive();
  await scale(page, "settler", 4);
  await expect(settler).toHaveAttribute("data-running", "4");
  await scale(page, "settler", 70_000);
  await expect(page.getByText(/65536/)).toBeVisible();
  await expect(settler).toHaveAttribute("data-workers", "4");
});

test("a daemon that is scaled down leaves nothing behind that is missed", async ({ console }) => {
  const { page } = console;
  await scene.nodes.node(1).ask("POST", "/v1/daemons/settler/scale", { workers: 4 });
  await page.goto(`${scene.url}/daemons`);
  await console.isLive();
  const settler = daemon(page, "settler");
  await expect(settler).toHaveAttribute("data-running", "4");
  await scale(page, "settler", 3);
  await expect(settler).toHaveAttribute("data-workers", "3");
  await expect(settler.getByTestId("worker-row")).toHaveCount(3);
  await page.getByRole("link", { name: "Overview", exact: true }).click();
  const needed = 4 + 3 + 1;
  await expect(page.getByTestId("shards-hosted")).toHaveText(String(needed));
  await expect(page.getByTestId("verdict")).toHaveAttribute("data-tone", "stable");
});

test("axe finds nothing where workers run", async ({ page }, info) => {
  await page.goto(`${scene.url}/daemons`);
  await expect(daemon(page, "printer")).toHaveAttribute("data-running", "1");
  await look(page, info, "running");
});

test("nothing is scaled from a page that is stale", async ({ console }) => {
  const { page } = console;
  const gate = await RelayGate.before(page);
  await page.goto(`${scene.url}/daemons`);
  const button = daemon(page, "settler").getByRole("button", { name: "Scale…" });
  await expect(button).toBeEnabled();
  gate.silence();
  await console.conn("stale");
  await expect(button).toBeDisabled();
});

test("the nodes are asked while somebody sees the page, and not behind another tab", async ({
  page,
}) => {
  let asked = 0;
  page.on("request", (request) => {
    if (request.url().endsWith("/api/daemons")) asked++;
  });
  const show = (state: "visible" | "hidden") =>
    page.evaluate((it) => {
      Object.defineProperty(document, "visibilityState", { configurable: true, value: it });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  await page.clock.install();
  await page.goto("/daemons");
  await expect(page.getByTestId("empty")).toBeVisible();
  const first = asked;
  await expect(async () => {
    await page.clock.runFor(2_000);
    expect(asked, "it asks again").toBeGreaterThan(first);
  }).toPass();

  await show("hidden");
  const before = asked;
  await page.clock.runFor(60_000);
  expect(asked).toBe(before);
  await show("visible");
  await expect.poll(() => asked, "it asks at once").toBeGreaterThan(before);
});

test("a worker whose node is killed runs elsewhere, and the page says where", async ({
  console,
}) => {
  const { page } = console;
  await page.goto(`${scene.url}/daemons`);
  const first = worker(daemon(page, "settler"), 0);
  await expect(first).toHaveAttribute("data-state", "running");
  const home = (await first.getAttribute("data-node-id")) ?? "";
  await scene.nodes.nodeById(home).kill();
  await expect(first).not.toHaveAttribute("data-node-id", home);
  await expect(first).toHaveAttribute("data-state", "running");
  await expect(first.getByRole("link", { name: home })).toHaveCount(0);

  await scene.nodes.nodeById(home).start();
  await scene.nodes.nodeById(home).becomeReady();
  await expect(page.getByTestId("nodes-unanswered")).toHaveCount(0);
});

test("a worker that throws is shown with its words, and with where it was", async ({
  console,
}, info) => {
  const { page } = console;
  await page.goto(`${scene.url}/daemons`);
  const printer = daemon(page, "printer");
  await expect(printer).toHaveAttribute("data-running", "1");
  const give = (order: string) =>
    scene.nodes.node(1).ask("POST", "/v1/entities/orders/printer/give", order);
  await give("fail");
  const row = worker(printer, 0);
  await expect(row).toContainText("it threw: there is no more paper");
  await expect(printer.getByTestId("worker-trouble")).toContainText(
    /^Worker 0 has failed \d+ times, the last time at node-\d \d+\.\d s ago: it threw: there is/,
  );
  await look(page, info, "failed");

  await give("print");
  await expect(printer).toHaveAttribute("data-running", "1", { timeout: 20_000 });
  await expect(row, "it is not forgotten").toContainText("there is no more paper");
});
