import { moveShard } from "./support/plan.ts";
import { expect, test } from "./support/test.ts";

test("an entity is found by its key, and read without being activated", async ({
  console,
  cluster,
}, info) => {
  const { page } = console;
  for (const amount of [50, 25]) {
    await cluster.order("/v1/entities/account/alice/deposit", { amount });
  }
  await console.open("/entities");
  await page.getByRole("textbox", { name: "Entity type" }).fill("account");
  await page.getByRole("textbox", { name: "Entity id" }).fill("alice");
  await page.getByRole("textbox", { name: "Entity id" }).press("Enter");
  await expect(page).toHaveURL(/\/entities\?type=account&id=alice$/);

  const shards = await cluster.shards();
  const sentence = page.getByTestId("entity-sentence");
  const [, shard = ""] = /default\/(\d+)/.exec((await sentence.textContent()) ?? "") ?? [];
  await expect(sentence).toContainText(`its home is ${shards[Number(shard)]?.owner}`);
  const state = page.getByTestId("entity-state");
  const lines = /^\{\n +"balance": 75\n\}$/;
  await expect(state, "a line for each field").toHaveText(lines, { useInnerText: true });
  const versions = page.getByTestId("entity-event");
  expect(await versions.evaluateAll((rows) => rows.map((row) => row.dataset["version"]))).toEqual([
    "2",
    "1",
  ]);

  await cluster.order("/v1/entities/account/alice/withdraw", { amount: 5 });
  await expect(state).toHaveText(/"balance": 70/);
  await page.screenshot({ path: info.outputPath("entity.png"), fullPage: true });

  const before = shards[Number(shard)];
  await expect(page.getByTestId("entity-owner")).toContainText(`${before?.owner}`);
  await moveShard(cluster, Number(shard));
  const after = (await cluster.shards())[Number(shard)];
  await expect(page.getByTestId("entity-owner")).toContainText(`${after?.owner}`);
  await expect(page.getByTestId("entity-owner")).toContainText(`epoch ${after?.epoch}`);
  await expect(page.getByTestId("entity-since")).toContainText(
    new RegExp(`^Since\\d\\d:\\d\\d:\\d\\d.* ago, before: ${before?.owner}$`),
  );
  await expect(page.getByTestId("entity-why")).toContainText(
    new RegExp(`Plan \\S+ \\(move, .*\\) moved it to ${after?.owner}`),
  );

  await page.getByRole("link", { name: `default/${shard}`, exact: true }).click();
  await expect(page.getByRole("heading", { name: `default/${shard}` })).toBeVisible();
});

test("a volatile entity has nothing stored, and a type that nobody knows is said", async ({
  console,
}) => {
  const { page } = console;
  console.expectErrors(/404/);
  await console.open("/entities?type=counter&id=cart-42");
  await expect(page.getByTestId("entity-sentence")).toContainText("It is volatile");
  await page.goto("/entities?type=nothing&id=x");
  await expect(page.getByTestId("entity-problem")).toContainText('no entity type "nothing"');
});

test("what is missing is named, a whole name may be pasted, and look-ups are remembered", async ({
  console,
}) => {
  const { page } = console;
  await console.open("/entities");
  const type = page.getByRole("textbox", { name: "Entity type" });
  const id = page.getByRole("textbox", { name: "Entity id" });
  await page.keyboard.press("/");
  await expect(type).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert").filter({ hasText: "Say which entity" })).toBeVisible();
  await id.fill("172");
  await id.press("Enter");
  await expect(page.getByTestId("look-up-problem")).toContainText('Say of which type "172" is');
  await expect(id, "nothing that was written is lost").toHaveValue("172");

  await id.fill("counter/cart-42");
  await id.press("Enter");
  await expect(page.getByTestId("entity-sentence")).toContainText("Its shard is default/");
  await page.getByRole("link", { name: "Entities", exact: true }).click();
  const recent = page.getByRole("navigation", { name: "Recent look-ups" });
  await recent.getByRole("link", { name: "counter/cart-42" }).click();
  await expect(page).toHaveURL(/type=counter&id=cart-42$/);
});
