import { readFile } from "node:fs/promises";
import type { Page, WebSocketRoute } from "@playwright/test";
import { z } from "zod";
import { expectAccessible } from "./support/axe.ts";
import { expect, test } from "./support/test.ts";

const faultsAnswer = z.object({
  faults: z.array(
    z.object({
      kind: z.string(),
      detail: z.record(z.string(), z.unknown()),
      expiresInMs: z.number(),
    }),
  ),
});
/** What a console exported of a run that passed. */
const report = await readFile(new URL("./fixtures/lab-run.json", import.meta.url));
const reportFile = { name: "report.json", mimeType: "application/json" };
const runFile = z.object({ run: z.looseObject({ id: z.string() }) });

/** Adds the lab's frames to what the relay says: a run that the cluster knows nothing of. */
async function sayLab(page: Page, first: object): Promise<{ say(run: object): void }> {
  let latest = first;
  const lines = new Set<WebSocketRoute>();
  const tell = (line: WebSocketRoute): void =>
    line.send(`42${JSON.stringify(["lab", { run: latest }])}`);
  await page.routeWebSocket(/\/relay\//, (line) => {
    const relay = line.connectToServer();
    lines.add(line);
    line.onClose(() => void lines.delete(line));
    relay.onMessage((message) => {
      line.send(message);
      // `40` is socket.io's word for a connection that stands.
      if (String(message).startsWith("40")) tell(line);
    });
  });
  return {
    say(run) {
      latest = run;
      for (const line of lines) tell(line);
    },
  };
}
/** These tests are about pages: what a real run proves is shown elsewhere. */
test.beforeEach(async ({ page }) => {
  const json = { scenarios: [], runs: [], running: null, notKept: null };
  await page.route("**/api/lab", (route) => route.fulfill({ json }));
});

test("a link is cut and healed from the matrix, and its node says so", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  await console.open("/lab");
  const grid = page.getByRole("grid", { name: "Links" });
  const cell = grid
    .getByTestId("link-cell")
    .and(page.locator('[data-from="node-2"][data-to="node-3"]'));
  await expect(cell).toHaveAccessibleName("node-2 to node-3: up");
  await expect(cell).toHaveAttribute("aria-pressed", "false");

  await cell.click();
  await expect(cell).toHaveAccessibleName("node-2 to node-3: cut");
  await expect(cell).toHaveAttribute("aria-pressed", "true");
  const { faults } = faultsAnswer.parse(await cluster.read("/v1/faults", 2));
  expect(faults).toMatchObject([
    { kind: "cut-link", detail: { peer: "node-3", direction: "out" } },
  ]);
  const active = page.getByRole("list", { name: "Active faults" });
  await expect(active).toContainText("node-2 to node-3: cut");
  // Only one direction is cut, and in time both ends miss the other.
  const back = grid.getByRole("button", { name: /^node-3 to node-2: / });
  await expect(back).toHaveAttribute("aria-pressed", "false");
  await expect(back).toHaveAccessibleName("node-3 to node-2: down");
  await expect(cell).toHaveAttribute("data-connected", "false");

  await cell.click();
  await expect(cell).toHaveAccessibleName("node-2 to node-3: up");
  await expect(back).toHaveAccessibleName("node-3 to node-2: up");
  expect((await cluster.self(2)).faults).toEqual([]);
});

test("by keyboard alone a node is slowed on its way to Postgres, both themes clean", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  await console.open("/lab");
  await page.getByRole("button", { name: "slow", exact: true }).press("Enter");
  await page.getByRole("button", { name: "10 s", exact: true }).press("Enter");
  const grid = page.getByRole("grid", { name: "Links" });
  await grid.getByRole("button", { name: "node-1 to Postgres: up" }).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  const cell = grid.getByRole("button", { name: "node-3 to Postgres: slow" });
  await expect(cell).toBeFocused();
  const [fault] = faultsAnswer.parse(await cluster.read("/v1/faults", 3)).faults;
  expect(fault).toMatchObject({ kind: "slow-postgres", detail: { delayMs: 200 } });
  expect(fault?.expiresInMs).toBeLessThanOrEqual(10_000);
  for (const theme of ["dark", "light"]) {
    if ((await page.locator("html").getAttribute("data-theme")) !== theme) {
      await page.getByRole("button", { name: "Switch theme" }).click();
    }
    await expectAccessible(page);
  }
});

test("a report is read without any console, and exported as it came", async ({ console }) => {
  const { page } = console;
  await console.open("/lab/runs/import");
  // From here on nobody can be asked: the file is read in the browser alone.
  console.expectErrors(/ERR_INTERNET_DISCONNECTED/);
  await page.context().setOffline(true);
  await console.conn("offline");
  await page.getByLabel("Report to import").setInputFiles({ ...reportFile, buffer: report });
  await expect(page.getByTestId("run-verdict")).toHaveAttribute("data-verdict", "pass");
  await expect(page.getByRole("heading", { name: "PASS" })).toBeVisible();
  await expect(page.getByText("imported", { exact: true })).toBeVisible();
  const invariants = page.getByRole("list", { name: "Invariants" });
  await expect(invariants.getByRole("listitem", { name: /^S4 / })).toContainText("17 fenced");
  await expect(page.getByRole("row", { name: /New owner after/ })).toContainText("at most 6.0 s");
  await expect(page.getByRole("link", { name: "the moment it began" })).toHaveAttribute(
    "href",
    "/timeline?at=80112",
  );
  const downloading = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export JSON" }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe("leasehold-run-x02-0b7c1f5e.json");
  const exported: unknown = JSON.parse(await readFile(await download.path(), "utf8"));
  expect(exported).toEqual(JSON.parse(report.toString("utf8")));
  await expectAccessible(page);
});

test("a broken report is refused in one sentence, and nothing of it is kept", async ({
  console,
}) => {
  const { page } = console;
  await console.open("/lab/runs/import");
  const input = page.getByLabel("Report to import");
  const give = (text: string) => input.setInputFiles({ ...reportFile, buffer: Buffer.from(text) });
  const refused = page.getByTestId("import-refused");

  await give("{");
  await expect(refused).toContainText("report.json is not shown. It is not JSON:");
  await give(report.toString("utf8").replace('"tag": "pass"', '"tag": "perfect"'));
  await expect(refused).toContainText(
    '"run.verdict.tag" is "perfect", and has to be one of pass, fail, not-observed.',
  );
  await expect(refused).toContainText("Nothing of it was kept.");
  await expect(page.getByTestId("run-verdict")).toHaveCount(0);
  await expectAccessible(page);

  await give(report.toString("utf8"));
  await expect(page.getByTestId("run-verdict")).toHaveAttribute("data-verdict", "pass");
  await page.getByRole("button", { name: "Close" }).click();
  await expect(refused).toHaveCount(0);
  await page.reload();
  await expect(page.getByTestId("run-verdict")).toHaveCount(0);
});

test("a run that goes on is told on every page, and its verdict stands on its own", async ({
  console,
}) => {
  const { page } = console;
  const { run } = runFile.parse(JSON.parse(report.toString("utf8")));
  const running = { ...run, state: "running", verdict: null, endedAt: null };
  const relay = await sayLab(page, running);
  await page.route(`**/api/lab/runs/${run.id}`, (route) => route.fulfill({ json: running }));
  await console.open("/nodes");
  const note = page.getByTestId("run-note");
  await expect(note).toContainText("mira runs Zombie owner, holding");
  await note.getByRole("link", { name: "Lab" }).click();
  await expect(console.main).toHaveAttribute("data-page", "lab");
  await expect(note).toHaveCount(0);
  await page.goto(`/lab/runs/${run.id}`);
  await expect(page.getByTestId("run-verdict")).toHaveAttribute("data-verdict", "running");
  await expect(page.getByRole("button", { name: "Stop and heal" })).toBeEnabled();
  relay.say({ ...run, verdict: { tag: "not-observed", reasons: ["S4 was not observed."] } });
  await expect(page.getByRole("heading", { name: "NOT OBSERVED" })).toBeVisible();
  await expect(page.getByTestId("run-verdict")).toContainText("S4 was not observed.");
});

test("a scenario is chosen by its link, says what it will touch, and asks before it starts", async ({
  console,
}) => {
  const { page } = console;
  const preview = {
    sentence: "Cut the owner of shard default/3 from Postgres for 15 s, then heal.",
    hypothesis: ["No shard is served by two nodes at the same instant."],
    blast: {
      sentence: "21 of 64 shards, on node-2",
      nodes: ["node-2"],
      shards: 21,
      totalShards: 64,
      otherFaults: [],
    },
    expectedMs: 30_000,
    availability: { available: true },
  };
  const params = [
    { name: "forMs", label: "Cut for", kind: "ms", min: 6500, max: 120_000, initial: 15_000 },
  ];
  const scenario = { ...preview, params, essential: ["S1"], last: null };
  const scenarios = [
    { ...scenario, id: "X1", name: "Crash the owner" },
    { ...scenario, id: "X2", name: "Zombie owner" },
    {
      ...scenario,
      id: "X7",
      name: "Postgres restart",
      availability: { available: false, why: "It is not this console's to restart." },
    },
  ];
  await page.route("**/api/lab", (route) =>
    route.fulfill({ json: { scenarios, runs: [], running: null, notKept: null } }),
  );
  const asked: string[] = [];
  await page.route("**/api/lab/preview?*", async (route) => {
    asked.push(new URL(route.request().url()).search);
    await route.fulfill({ json: preview });
  });
  const started: unknown[] = [];
  await page.route("**/api/lab/runs", async (route) => {
    started.push(route.request().postDataJSON());
    await route.fulfill({ status: 201, json: JSON.parse(report.toString("utf8")).run });
  });
  await console.open("/lab");
  const list = page.getByRole("navigation", { name: "Scenarios" });
  await list.getByRole("link", { name: /Postgres restart/ }).click();
  await expect(page.getByTestId("unavailable")).toContainText("not this console's to restart");
  await expect(page.getByTestId("start-run")).toBeDisabled();

  await list.getByRole("link", { name: /Zombie owner/ }).click();
  await expect(page).toHaveURL(/scenario=X2/);
  await expect(page.getByTestId("blast")).toHaveText("21 of 64 shards, on node-2");
  await page.getByRole("button", { name: "Start…" }).click();
  const dialog = page.getByRole("alertdialog", { name: "Run Zombie owner?" });
  await expect(dialog.getByTestId("dialog-env")).toBeVisible();
  const field = dialog.getByLabel("Cut for, in seconds");
  await field.fill("5");
  await expect(dialog).toContainText("From 6.5 to 120 seconds.");
  await expect(dialog.getByTestId("dialog-confirm")).toBeDisabled();
  await field.fill("7");
  await dialog.getByRole("button", { name: "Start: 21 shards" }).click();
  await expect(dialog).toBeHidden();
  expect(asked.at(-1)).toBe("?scenario=X2&forMs=7000");
  expect(started).toMatchObject([{ scenario: "X2", params: { forMs: 7000 } }]);
});
