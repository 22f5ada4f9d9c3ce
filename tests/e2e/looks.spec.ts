import { expectAccessible } from "./support/axe.ts";
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
      await expectAccessible(page);
      await page.screenshot({ path: info.outputPath(`${name}-${theme}.png`), fullPage: true });
    }
  });
}

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
