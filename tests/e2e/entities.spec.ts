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
