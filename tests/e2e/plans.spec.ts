import type { Page } from "@playwright/test";
import { z } from "zod";
import { expectAccessible } from "./support/axe.ts";
import type { E2eCluster } from "./support/e2e-cluster.ts";
import { applyPlan, moveShard, typeCluster } from "./support/plan.ts";
import { expect, test } from "./support/test.ts";

/** A8: look, apply, pause, cancel and undo, and who comes too late. */

const owners = async (cluster: E2eCluster) =>
  (await cluster.shards()).map(({ owner, group, shard }) => `${group}/${shard} ${owner}`);

const planOf = (page: Page, name = "Rebalance plan") => page.getByRole("region", { name });

const events = z.object({ events: z.array(z.looseObject({ type: z.string() })) });

/** How many plans the log has seen. */
async function proposals(cluster: E2eCluster, after: number): Promise<number> {
  const page = events.parse(await cluster.read(`/v1/events?after=${after}&limit=1000`));
  return page.events.filter(({ type }) => type === "plan-proposed").length;
}

/** The preview is the one of the address, and nothing is on its way. */
const isComputed = (page: Page) =>
  expect(planOf(page)).toHaveAttribute("data-busy", "false", { timeout: 10_000 });

test("knobs change what a plan would be, and leave no trace before it is applied", async ({
  console,
  cluster,
}, info) => {
  const { page } = console;
  await cluster.empty(3);
  const { seq } = await cluster.cluster();
  await console.open("/moves");
  await page.getByRole("button", { name: "Rebalance" }).click();
  const plan = planOf(page);
  await isComputed(page);
  const moves = plan.getByRole("table", { name: "Moves" });
  const all = Number(await moves.getAttribute("aria-rowcount"));
  expect(all).toBe(21);

  await plan.getByRole("textbox", { name: "Moves at most" }).fill("5");
  await expect(moves).toHaveAttribute("aria-rowcount", "5");
  await expect(plan.getByTestId("plan-summary")).toContainText("16 more left out");
  await plan.getByRole("textbox", { name: "Moves at most" }).fill("");
  await expect(moves).toHaveAttribute("aria-rowcount", String(all));

  await plan.getByRole("combobox", { name: "Add condition" }).selectOption("weight:node-3");
  await expect(moves).toHaveAttribute("aria-rowcount", "12");
  await expect(plan.getByTestId("what-if-note")).toContainText("this plan only");
  await expect(page).toHaveURL(/weight=node-3%3A0\.5/);
  await plan.getByTestId("plan-move").first().getByRole("button", { name: /^Why/ }).click();
  await expect(page.getByTestId("why-answer").filter({ visible: true })).toContainText(
    "node-3 counts with weight 0.5 in this plan",
  );
  await page.keyboard.press("Escape");
  await plan.getByRole("button", { name: "Remove weight of node-3" }).click();

  await plan.getByRole("combobox", { name: "Add condition" }).selectOption("cordon:node-3");
  await expect(plan.getByRole("cell", { name: "node-3" })).toHaveCount(0);
  await expect(plan.getByTestId("apply-off")).toContainText("there is nothing to move");
  await plan.getByRole("checkbox", { name: "keep hot shards still" }).click();
  await expect(plan.getByRole("checkbox", { name: "keep hot shards still" })).toBeChecked();
  await expect(plan.getByRole("list", { name: "Notes" })).toContainText("counts as hot");
  for (const theme of ["dark", "light"]) {
    if ((await page.locator("html").getAttribute("data-theme")) !== theme)
      await page.getByRole("button", { name: "Switch theme" }).click();
    await expectAccessible(page);
    await page.screenshot({ path: info.outputPath(`preview-${theme}.png`) });
  }

  const shared = page.url();
  await page.goto(shared);
  await expect(plan.getByTestId("what-if-note")).toBeVisible();
  await isComputed(page);
  expect(await proposals(cluster, seq), "looking writes nothing down").toBe(0);
});

test("a base that has gone stale is refused with a rebase, by the page and by the cluster", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  // The browser tells of an answer of 409, as it should.
  console.expectErrors(/409/);
  await cluster.empty(3);
  await console.open("/moves/plans/new?kind=rebalance");
  await isComputed(page);
  const plan = planOf(page);
  const first = await plan.getByTestId("plan-move").first().getAttribute("data-shard-id");
  const shard = Number(first?.split("/")[1]);

  // The shard moves while Apply is on its way: the page cannot have known.
  await page.route("**/api/command", async (route) => {
    if (route.request().postDataJSON().verb === "apply") await moveShard(cluster, shard);
    await route.continue();
  });
  await typeCluster(plan);
  await plan.getByRole("button", { name: /^Apply/ }).click();
  const stale = plan.getByTestId("plan-stale");
  await expect(stale).toContainText(`Shard default/${shard}`);
  await expect(plan.getByTestId("apply-off")).toContainText("rebase");
  await expect(plan.getByRole("button", { name: /^Apply/ })).toBeDisabled();
  await page.unroute("**/api/command");

  await stale.getByRole("button", { name: "Rebase" }).click();
  await expect(stale).toBeHidden();
  await isComputed(page);
  // The next change is seen before it is applied.
  const next = await plan.getByTestId("plan-move").first().getAttribute("data-shard-id");
  await moveShard(cluster, Number(next?.split("/")[1]));
  await expect(stale).toContainText("ownership change");
  await stale.getByRole("button", { name: /^Why/ }).click();
  await expect(page.getByTestId("why-answer").filter({ visible: true })).toContainText(
    `Shard ${next} is not on`,
  );
  await page.keyboard.press("Escape");
  await stale.getByRole("button", { name: "Rebase" }).click();
  await expect(stale).toBeHidden();
  await isComputed(page);
  const moves = await plan.getByRole("table", { name: "Moves" }).getAttribute("aria-rowcount");
  await applyPlan(console, "Rebalance plan", Number(moves));
});

test("sent twice it is applied once, another operator comes too late, and undo gives the same owners", async ({
  console,
  cluster,
  browser,
}) => {
  const { page } = console;
  await cluster.empty(3);
  const { seq } = await cluster.cluster();
  const before = await owners(cluster);
  await console.open("/moves/plans/new?kind=rebalance");
  await isComputed(page);
  const other = await browser.newPage({ baseURL: cluster.consoleUrl });
  await other.goto("/moves/plans/new?kind=rebalance");
  await isComputed(other);

  let applies = 0;
  page.on("request", (request) => {
    if (request.postDataJSON()?.verb === "apply") applies += 1;
  });
  const plan = planOf(page);
  await typeCluster(plan);
  await plan.getByTestId("apply-typed").evaluate((field: HTMLInputElement) => {
    field.form?.requestSubmit();
    field.form?.requestSubmit();
  });
  await expect(plan).toHaveAttribute("data-state", "done", { timeout: 20_000 });
  expect(applies).toBe(1);

  await expect(planOf(other).getByTestId("plan-stale")).toContainText("ownership changes since");
  await expect(planOf(other).getByTestId("apply-off")).toContainText("rebase");
  await other.close();
  // Any node may answer, and its copy of the log may be a moment behind the page.
  await expect.poll(() => proposals(cluster, seq)).toBe(1);

  // By the way back, which is shown before it is gone.
  await plan.getByRole("button", { name: "Undo…" }).click();
  const undo = page.getByRole("region", { name: /^Undo / });
  await expect(undo).toHaveAttribute("data-state", "preview");
  await expect(undo.getByTestId("plan-move").first()).toContainText("takes back");
  await applyPlan(console, /^Undo /, 21);
  expect(await owners(cluster), "every shard is where it was").toEqual(before);
});

test("a plan is paused, says why its moves wait, and is cancelled without a shard unowned", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  await cluster.empty(3);
  await console.open("/moves/plans/new?kind=rebalance");
  await isComputed(page);
  const plan = planOf(page);
  // States do not arrive: moves stay in flight, others wait.
  for (const index of [1, 2])
    await cluster.fault(index, { kind: "cut-link", peer: "node-3", ttlMs: 60_000 });
  const { seq } = await cluster.cluster();
  await typeCluster(plan);
  await plan.getByTestId("plan-apply").dblclick();
  await expect(plan).toHaveAttribute("data-state", "applying");
  // Any node may answer, and its copy of the log may be a moment behind the page.
  await expect.poll(() => proposals(cluster, seq)).toBe(1);
  await plan.getByRole("button", { name: "Pause" }).click();
  await expect(plan).toHaveAttribute("data-state", "paused");
  const waiting = plan.locator('[data-testid="plan-move"][data-state="pending"]').first();
  await waiting.getByRole("button", { name: /^Why/ }).click();
  await expect(page.getByTestId("why-answer").filter({ visible: true })).toContainText(
    "the plan is paused",
  );
  await page.keyboard.press("Escape");
  await plan.getByRole("button", { name: /^Cancel/ }).click();
  await expect(plan).toHaveAttribute("data-state", "cancelled");
  for (const { owner, group, shard } of await cluster.shards())
    expect(owner, `${group}/${shard} has an owner`).not.toBeNull();
  await expect(plan.locator('[data-testid="plan-move"][data-state="moving"]')).toHaveCount(0, {
    timeout: 20_000,
  });
  for (const { owner } of await cluster.shards()) expect(owner).not.toBeNull();
});

test("a red mark says why, by the node's own lease and by the log", async ({
  console,
  cluster,
}, info) => {
  const { page } = console;
  await console.open("/nodes");
  const row = console.node("node-3");
  await expect(row.getByRole("button", { name: /^Why/ })).toHaveCount(0);
  await cluster.fault(3, { kind: "cut-postgres", ttlMs: 60_000 });
  await expect(row).toHaveAttribute("data-condition", "cut");
  await row.getByRole("button", { name: "Why? node-3 is cut from Postgres" }).click();
  const answer = page.getByTestId("why-answer").filter({ visible: true });
  await expect(answer).toContainText("Postgres has not answered it for");
  await expect(answer).toContainText("A fault is set on node-3: cut-postgres");
  await expect(answer).toContainText("By its own clock its lease has run out", { timeout: 15_000 });
  await expectAccessible(page);
  await page.screenshot({ path: info.outputPath("why.png") });
  await page.keyboard.press("Escape");
  await expect(answer).toHaveCount(0);

  const moved = (await cluster.shards()).find(({ owner }) => owner !== "node-3");
  await page.goto(`/shards/${moved?.group}/${moved?.shard}`);
  await expect(page.getByTestId("shard-sentence")).toContainText("Why here?");
});
