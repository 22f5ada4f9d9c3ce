import { expectAccessible } from "./support/axe.ts";
import type { ConsolePage } from "./support/console-page.ts";
import { RelayGate } from "./support/relay-gate.ts";
import { expect, test } from "./support/test.ts";

const paths = {
  overview: "/",
  shards: "/shards",
  shard: "/shards/default/0",
  nodes: "/nodes",
  node: "/nodes/node-1",
  divergence: "/divergence",
  moves: "/moves",
  timeline: "/timeline",
  entities: "/entities?type=account&id=load-0",
  load: "/load",
  daemons: "/daemons",
  audit: "/audit",
  lab: "/lab",
  "lab-runs": "/lab/runs",
  settings: "/settings",
};

for (const [name, path] of Object.entries(paths)) {
  test(`axe finds nothing on the page ${name}, in the dark and in the light`, async ({
    console,
  }, info) => {
    const { page } = console;
    await console.open(path);
    await expect(console.main).toHaveAttribute("data-page", name);
    for (const theme of ["dark", "light"]) {
      if ((await page.locator("html").getAttribute("data-theme")) !== theme) {
        await page.getByRole("button", { name: "Switch theme" }).click();
      }
      await expectAccessible(page, theme === "dark" ? "everything" : "colours");
      await page.screenshot({ path: info.outputPath(`${name}-${theme}.png`), fullPage: true });
    }
  });
}

/** Pages whose controls and values look different when they are old. */
const aged = ["/", "/shards", "/nodes", "/divergence", "/moves", "/timeline", "/lab"];

async function expectAgedAccessible({ page, main }: ConsolePage, state: string): Promise<void> {
  for (const path of aged) {
    await page.locator(`nav a[href="${path}"]`).first().click();
    await expect(page).toHaveURL((url) => url.pathname === path);
    await expect(main).toHaveAttribute("data-conn", state);
    await expectAccessible(page);
    await page.getByRole("button", { name: "Switch theme" }).click();
    await expectAccessible(page, "colours");
  }
}

test("axe finds nothing in the past, in the dark and in the light", async ({ console }, info) => {
  test.setTimeout(90_000);
  const { page } = console;
  await console.open("/");
  await page.getByRole("button", { name: "One event back" }).click();
  await console.conn("historical");
  await expectAgedAccessible(console, "historical");
  await page.screenshot({ path: info.outputPath("historical.png") });
});

test("axe finds nothing on a page that hears nothing any more", async ({ console }, info) => {
  test.setTimeout(90_000);
  const { page } = console;
  const gate = await RelayGate.before(page);
  await console.open("/");
  gate.silence();
  await console.conn("stale", 5_000);
  await expectAgedAccessible(console, "stale");
  await page.screenshot({ path: info.outputPath("stale.png") });
});

test("the theme can be switched, and stays over a reload", async ({ console }) => {
  const { page } = console;
  await console.open("/");
  const before = await page.locator("html").getAttribute("data-theme");
  const after = before === "dark" ? "light" : "dark";
  await page.getByRole("button", { name: "Switch theme" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", after);
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", after);
});
