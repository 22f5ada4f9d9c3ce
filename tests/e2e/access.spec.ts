import type { Locator, Page } from "@playwright/test";
import { waitUntil } from "../cluster/harness/wait-until.ts";
import { expectAccessible } from "./support/axe.ts";
import { nodeIds, shardCount } from "./support/e2e-cluster.ts";
import { moveShard } from "./support/plan.ts";
import { expect, test } from "./support/test.ts";

/** Goes there as somebody without a pointer does. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target).toBeVisible();
  for (let presses = 0; presses < 150; presses++) {
    if (await target.evaluate((it) => it === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`150 times Tab did not lead to ${String(target)}.`);
}

async function press(page: Page, target: Locator): Promise<void> {
  await tabTo(page, target);
  await page.keyboard.press("Enter");
}

/** Asks the palette and takes what it finds under this name. */
async function find(page: Page, text: string, option: RegExp): Promise<void> {
  await page.keyboard.press("ControlOrMeta+k");
  await expect(page.getByRole("dialog").getByRole("combobox")).toBeFocused();
  await page.keyboard.type(text);
  const wanted = page.getByRole("option", { name: option });
  await expect(wanted).toBeVisible();
  for (let presses = 0; (await wanted.getAttribute("aria-selected")) !== "true"; presses++) {
    expect(presses, "the arrows lead there").toBeLessThan(20);
    await page.keyboard.press("ArrowDown");
  }
  await page.keyboard.press("Enter");
}

test("without a pointer: find a shard, see what differs, move it, and take it back", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  const before = (await cluster.shards())[21];
  const target = nodeIds.find((nodeId) => nodeId !== before?.owner) ?? "";
  await console.open("/");
  await find(page, "21", /^Shard default\/21/);
  await expect(page.getByTestId("shard-sentence")).toContainText(`${before?.owner} serves it`);

  const owner = Number(before?.owner?.slice("node-".length));
  await page.keyboard.press("g");
  await page.keyboard.press("d");
  await expect(console.main).toHaveAttribute("data-page", "divergence");
  await cluster.fault(owner, { kind: "cut-postgres", ttlMs: 60_000 });
  // For as long as the lease lasts, and no longer: one looks, there is no time to walk there.
  const differs = page.getByTestId("divergence-item").filter({ hasText: before?.owner ?? "" });
  await expect(differs.first()).toBeVisible();
  await find(page, "heal", /^Heal all faults/);
  await expect(page.getByTestId("heal-all")).toBeHidden();
  await waitUntil("every shard is hosted", async () => {
    return (await cluster.cluster()).shards.hosted === shardCount;
  });
  await page.keyboard.press("g");
  await page.keyboard.press("n");
  await expect(console.node(before?.owner ?? "")).toHaveAttribute("data-condition", "ready");

  const now = (await cluster.shards())[21];
  const to = nodeIds.find((nodeId) => nodeId !== now?.owner) ?? target;
  await find(page, "shard 21", /^Move shard default\/21/);
  const dialog = page.getByRole("alertdialog", { name: "Move shard default/21?" });
  const radios = dialog.getByRole("radio");
  await expect(radios).toHaveCount(2);
  await tabTo(
    page,
    radios
      .first()
      .or(dialog.getByRole("radio", { checked: true }))
      .first(),
  );
  const chosen = dialog.getByRole("radio", { name: new RegExp(`^${to} `) });
  for (let presses = 0; presses < 3 && !(await chosen.isChecked()); presses++) {
    await page.keyboard.press("ArrowDown");
  }
  await expect(chosen).toBeChecked();
  await press(page, dialog.getByRole("button", { name: "Preview 1 move" }));

  const plan = page.getByRole("region", { name: "Move plan" });
  await applyByKeys(page, plan);
  expect((await cluster.shards())[21]?.owner).toBe(to);
  await press(page, plan.getByRole("button", { name: "Undo…" }));
  await applyByKeys(page, page.getByRole("region", { name: /^Undo / }));
  expect((await cluster.shards())[21]?.owner).toBe(now?.owner);
});

async function applyByKeys(page: Page, plan: Locator): Promise<void> {
  await expect(plan).toHaveAttribute("data-state", "preview");
  await tabTo(page, plan.getByRole("textbox", { name: "Type default to apply" }));
  await page.keyboard.type("default");
  await press(page, plan.getByRole("button", { name: "Apply 1 move" }));
  await expect(plan).toHaveAttribute("data-state", "done", { timeout: 20_000 });
}

for (const theme of ["dark", "light"] as const) {
  test(`axe finds nothing in what opens over a page, nor in a page that stands, ${theme}`, async ({
    console,
  }) => {
    const { page } = console;
    await page.addInitScript((it) => localStorage.setItem("theme", it), theme);
    await console.open("/shards");
    await page.keyboard.press("ControlOrMeta+k");
    await page.keyboard.type("17");
    await expect(page.getByRole("option").first()).toBeVisible();
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Shift+?");
    await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Table" }).click();
    await expect(page.getByTestId("shard-row").first()).toBeVisible();
    await expectAccessible(page);
    await page.keyboard.press("Space");
    await page.getByRole("main").click({ position: { x: 5, y: 5 } });
    await page.keyboard.press("Space");
    await expectAccessible(page);
  });
}

test("with reduced motion nothing moves, and the same is said in words", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  await page.emulateMedia({ reducedMotion: "reduce" });
  await console.open("/");
  const motions = page.evaluateHandle(() => {
    const seen: string[] = [];
    const look = (): void => {
      for (const it of document.getAnimations()) {
        const { duration = 0 } = it.effect?.getComputedTiming() ?? {};
        if (Number(duration) > 0) seen.push(String((it as CSSTransition).transitionProperty));
      }
      requestAnimationFrame(look);
    };
    look();
    return seen;
  });
  const seen = await motions;
  const [row] = await cluster.shards();
  await moveShard(cluster, row?.shard ?? 0);
  await console.reached((await cluster.cluster()).seq);
  const log = page.getByRole("table", { name: "Cluster log" });
  for (const type of ["handoff-began", "shard-assigned", "shard-hosted"]) {
    await expect(log.getByText(type).first()).toBeVisible();
  }
  expect(await seen.jsonValue()).toEqual([]);
});

test("every state in the legend has its own shape and its own word", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  await console.open("/shards");
  // All of them: the shards of one node are taken over within a second, and the legend with them.
  for (const index of [1, 2, 3]) {
    await cluster.fault(index, { kind: "cut-postgres", ttlMs: 60_000 });
  }
  const items = page.getByRole("list", { name: "States" }).getByTestId("legend-item");
  await expect(items.and(page.locator("[data-state=stale-idle]"))).toHaveAttribute(
    "data-count",
    String(shardCount),
  );
  const shown = await items.evaluateAll((all) =>
    all.map((it) => ({
      word: (it.textContent ?? "").replaceAll(/[\d,\s]/g, ""),
      shape: [...it.querySelectorAll("path")].map((path) => path.getAttribute("d")).join(" "),
    })),
  );
  expect(new Set(shown.map((it) => it.word)).size).toBe(shown.length);
  expect(new Set(shown.map((it) => it.shape)).size).toBe(shown.length);
});
