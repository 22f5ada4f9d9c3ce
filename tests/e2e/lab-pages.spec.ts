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
