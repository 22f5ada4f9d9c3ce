import type { Page } from "@playwright/test";
import type { ConsolePage } from "./support/console-page.ts";
import { moveShard } from "./support/plan.ts";
import { expect, test } from "./support/test.ts";

const palette = (page: Page) => page.getByRole("dialog", { name: "Find or run" });

/** Opens the palette by its chord and writes into it. */
async function ask({ page }: ConsolePage, text: string): Promise<void> {
  await page.keyboard.press("ControlOrMeta+k");
  await palette(page).getByRole("combobox").fill(text);
}

test("the palette finds a shard by its number, an entity by its key, and heals", async ({
  console,
  cluster,
}, info) => {
  const { page } = console;
  await console.open("/");
  await ask(console, "17");
  const options = palette(page).getByRole("option");
  const owner = (await cluster.shards())[17]?.owner;
  await expect(options.first()).toContainText("default/17");
  await expect(options.first()).toContainText(`stable${owner}`);
  await page.screenshot({ path: info.outputPath("palette.png") });
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "default/17" })).toBeVisible();
  await expect(palette(page)).toBeHidden();

  await ask(console, "account/alice");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/entities\?type=account&id=alice$/);

  await cluster.fault(1, { kind: "cut-link", peer: "node-2", ttlMs: 60_000 });
  await expect(page.getByTestId("heal-all")).toBeVisible();
  await ask(console, "heal");
  await options.filter({ hasText: "Heal all faults" }).click();
  await expect(page.getByTestId("heal-all")).toBeHidden();
  expect((await cluster.self(1)).faults).toEqual([]);
});

test("the palette offers to move a shard, and opens the question for it", async ({ console }) => {
  const { page } = console;
  await console.open("/nodes");
  await ask(console, "shard 5");
  const move = palette(page).getByRole("option", { name: /^Move shard default\/5/ });
  await move.click();
  await expect(page.getByRole("alertdialog", { name: "Move shard default/5?" })).toBeVisible();
});

test("every page has its keys, and the help lists them", async ({ console }) => {
  const { page } = console;
  await console.open("/");
  await page.keyboard.press("Shift+?");
  const help = page.getByRole("dialog", { name: "Keys" });
  const rows = help.getByRole("region", { name: "Go to" }).getByTestId("key-row");
  await expect(rows.first()).toBeVisible();
  const listed = await rows.evaluateAll((all) =>
    all.map((row) => row.querySelector("dd .sr-only")?.textContent?.split(" then ").at(-1) ?? ""),
  );
  expect(listed.length).toBeGreaterThan(7);
  await page.keyboard.press("Escape");
  await expect(help).toBeHidden();
  const reached: string[] = ["overview"];
  for (const letter of listed.filter((it) => it !== "o")) {
    await page.keyboard.press("g");
    await page.keyboard.press(letter);
    await expect(console.main).not.toHaveAttribute("data-page", reached.at(-1) ?? "");
    reached.push((await console.main.getAttribute("data-page")) ?? "");
  }
  expect(new Set(reached).size, reached.join(" ")).toBe(listed.length);
});

test("a slash leads to the filter, Esc back to the page, and keys typed there stay there", async ({
  console,
}) => {
  const { page } = console;
  await console.open("/shards");
  await page.keyboard.press("/");
  const filter = page.getByRole("textbox", { name: "Filter shards" });
  await expect(filter).toBeFocused();
  await page.keyboard.type("gn ");
  await expect(filter).toHaveValue("gn ");
  await expect(page.getByTestId("paused-note")).toBeHidden();
  await page.keyboard.press("Escape");
  await expect(filter).not.toBeFocused();
  await page.keyboard.press("g");
  await page.keyboard.press("n");
  await expect(console.main).toHaveAttribute("data-page", "nodes");
});

test("single keys can be turned off, which this browser remembers; the chord stays", async ({
  console,
}, info) => {
  const { page } = console;
  await console.open("/settings");
  const keys = page.getByRole("group", { name: "Single-key shortcuts" });
  await keys.getByRole("button", { name: "Off" }).click();
  await page.screenshot({ path: info.outputPath("settings.png") });
  await page.reload();
  await console.isLive();
  await expect(keys.getByRole("button", { name: "Off" })).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("g");
  await page.keyboard.press("n");
  await page.keyboard.press("?");
  await ask(console, "nodes");
  await expect(page.getByRole("dialog"), "nothing but the palette is open").toHaveCount(1);
  await page.keyboard.press("Escape");
  await expect(console.main).toHaveAttribute("data-page", "settings");
  await keys.getByRole("button", { name: "On" }).click();
  await page.keyboard.press("g");
  await page.keyboard.press("n");
  await expect(console.main).toHaveAttribute("data-page", "nodes");
});

test("a paused page stands still, counts what waits, and then shows all of it", async ({
  console,
  cluster,
}, info) => {
  const { page } = console;
  const before = (await cluster.shards())[9];
  await console.open("/shards/default/9");
  const sentence = page.getByTestId("shard-sentence");
  await expect(sentence).toContainText(`${before?.owner} serves it at epoch ${before?.epoch}`);
  await page.keyboard.press("Space");
  const heldSeq = await console.appliedSeq();
  await moveShard(cluster, 9);
  const waiting = page.getByTestId("paused-waiting");
  await expect(waiting).toHaveAttribute("data-count", /^[1-9]/);
  await expect(console.pill, "a paused page is not behind").toHaveAttribute("data-state", "live");
  await expect(sentence).toContainText(`${before?.owner} serves it at epoch ${before?.epoch}`);
  expect(await console.appliedSeq()).toBe(heldSeq);
  await page.screenshot({ path: info.outputPath("paused.png") });

  const after = (await cluster.shards())[9];
  expect(after?.owner).not.toBe(before?.owner);
  await page.keyboard.press("Space");
  await expect(waiting).toBeHidden();
  await expect(sentence).toContainText(`${after?.owner} serves it at epoch ${after?.epoch}`);
});

test("keys jump and step through what was recorded, and Space plays it", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  // The end of the tape is asked for until somebody has written on.
  console.expectErrors(/tape\/reel/);
  await console.open("/timeline");
  await moveShard(cluster, 12);
  await cluster.fault(1, { kind: "cut-link", peer: "node-2", ttlMs: 30_000 });
  const marks = `/api/tape/marks?from=${Number.MAX_SAFE_INTEGER}&direction=previous&limit=5`;
  await expect
    .poll(async () => await (await page.request.get(marks)).text())
    .toContain('"kind":"fault"');
  const bar = page.getByTestId("time-bar");
  const at = async (): Promise<number> => {
    await expect(bar).toHaveAttribute("data-seeking", "false");
    return Number(await console.main.getAttribute("data-at"));
  };
  await page.keyboard.press("[");
  await console.conn("historical");
  const marked = await at();
  await page.keyboard.press(",");
  await expect.poll(at).toBeLessThan(marked);
  const stepped = await at();
  await expect(async () => {
    await page.keyboard.press(".");
    expect(await at()).toBeGreaterThan(stepped);
  }).toPass();
  await page.keyboard.press("Space");
  await expect(page.getByTestId("paused-note"), "the present is not held for it").toBeHidden();
  await expect.poll(async () => Number(await bar.getAttribute("data-pos"))).not.toBe(marked);
});
