import { z } from "zod";
import { expectAccessible } from "./support/axe.ts";
import { expect, test } from "./support/test.ts";

test("a move whose state does not arrive shows where it stands, and then why it failed", async ({
  console,
  cluster,
}, info) => {
  const { page } = console;
  const owned = (await cluster.shards()).filter(({ owner }) => owner === "node-1");
  const moves = owned.map(({ group, shard }) => ({ group, shard, to: "node-2" }));
  const answer = await cluster.order("/v1/plans", { kind: "move", moves });
  const { planId } = z.object({ planId: z.string() }).parse(answer);
  const fault = { kind: "cut-link", peer: "node-2", ttlMs: 60_000 };
  await cluster.fault(1, fault);
  await console.open(`/moves/plans/${planId}`);
  await cluster.order(`/v1/plans/${planId}/apply`);

  const sending = page.locator('[data-testid="move-phase"][data-phase="transferring"]');
  await expect(sending.first()).toBeVisible();
  for (const theme of ["dark", "light"]) {
    if ((await page.locator("html").getAttribute("data-theme")) !== theme) {
      await page.getByRole("button", { name: "Switch theme" }).click();
    }
    await expectAccessible(page);
    await page.screenshot({ path: info.outputPath(`moving-${theme}.png`) });
  }
  const failed = page.getByRole("list", { name: "Failed moves" }).getByTestId("failed-move");
  await expect(failed.first()).toContainText("node-2: ", { timeout: 20_000 });
  await expect(failed.first()).toContainText("not released within");
  for (const theme of ["light", "dark"]) {
    if ((await page.locator("html").getAttribute("data-theme")) !== theme) {
      await page.getByRole("button", { name: "Switch theme" }).click();
    }
    await expectAccessible(page);
    await page.screenshot({ path: info.outputPath(`failed-${theme}.png`) });
  }
});
