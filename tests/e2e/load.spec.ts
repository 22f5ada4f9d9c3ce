import { expect, test } from "./support/test.ts";

test("the slider steers the sample load, and the cluster's rate follows", async ({ console }) => {
  const { page } = console;
  await console.open("/");
  const slider = page.getByRole("slider", { name: "Load, commands a second" });
  const rate = page.getByTestId("figures").locator("div", { hasText: "Requests/s" }).locator(".v");
  const figure = async (): Promise<number> => Number((await rate.textContent())?.replace(",", ""));
  await slider.press("Home");
  await expect(page.getByText("Load: 0 commands a second")).toBeVisible();
  await expect.poll(figure).toBe(0);

  for (let step = 0; step < 5; step++) await slider.press("ArrowRight");
  await expect(page.getByText("Load: 100 commands a second")).toBeVisible();
  const answer = await page.request.get("/api/load");
  expect(await answer.json()).toMatchObject({ targetPerSecond: 100 });
  await expect.poll(figure).toBeGreaterThan(50);

  await page.reload();
  await expect(page.getByRole("navigation").getByText("100/s")).toBeVisible();
  await slider.press("ArrowLeft");
  await slider.press("ArrowLeft");
  await expect(page.getByText("Load: 25 commands a second")).toBeVisible();
});

test("the load page names the hottest shards, where they are, and what the nodes answer", async ({
  console,
  cluster,
}, info) => {
  const { page } = console;
  await console.open("/load");
  const put = await page.request.put("/api/load", {
    data: { targetPerSecond: 200 },
    headers: { "leasehold-console": "1" },
  });
  expect(put.ok()).toBe(true);
  const shards = page.getByRole("table", { name: "Hot shards" }).getByTestId("hot-shard");
  await expect.poll(() => shards.count()).toBeGreaterThan(20);
  const owners = new Map(
    (await cluster.shards()).map((it) => [`${it.group}/${it.shard}`, it.owner ?? ""]),
  );
  const named = await shards.evaluateAll((rows) =>
    rows.map((row) => [row.dataset["shardId"] ?? "", row.dataset["nodeId"] ?? ""] as const),
  );
  for (const [shard, node] of named) expect(node, shard).toBe(owners.get(shard));

  const rates = page.getByRole("table", { name: "Load of nodes" }).getByTestId("node-load-row");
  await expect(rates).toHaveCount(3);
  const total = async (): Promise<number> => {
    const text = await page.getByTestId("load-figures").locator(".v").first().textContent();
    return Number(text?.replace(",", ""));
  };
  await expect.poll(total).toBeGreaterThan(100);
  await expect(page.getByTestId("load-sentence")).toContainText(
    /requests a second on 3 nodes; node-\d answers \d+ % of them\. The hottest shard is \S+ at node-/,
  );
  await page.screenshot({ path: info.outputPath("load.png"), fullPage: true });
});

test("each chart says in words and in a table what it draws", async ({ console }) => {
  const { page } = console;
  await console.open("/load");
  for (const [id, name] of [
    ["chart-requests", "Requests a second"],
    ["chart-latency", "Reply time"],
  ] as const) {
    const chart = page.getByRole("figure", { name });
    await expect(chart).toContainText(/between [\d.,]+ ?(\/s|ms) and [\d.,]+ ?(\/s|ms)/);
    await expect(chart.locator("canvas")).toBeVisible();
    await page.getByTestId(`${id}-view`).getByRole("button", { name: "Table" }).click();
    const table = page.getByRole("table", { name });
    await expect(table.getByRole("row")).toHaveCount(11);
    await expect(table.getByRole("cell").nth(1)).toHaveText(/^[\d.,]+ ?(\/s|ms)$/);
    await expect(table, "what was before this page is not invented").toContainText("not heard");
  }
  await expect(page.getByTestId("heat-legend").first()).toContainText(/0\s*[\d,]+ requests\/s/);
});

test("the load of a past moment is what nodes and hot shards took before it", async ({
  console,
}, info) => {
  const { page, main } = console;
  const rates = page.getByTestId("node-load-row");
  const shards = page.getByTestId("hot-shard");
  // Shards go into the recording every ten seconds: the first of them may still be due.
  await expect(async () => {
    const { last } = await (await page.request.get("/api/tape/state")).json();
    await page.goto(`/load?at=${last.pos}`);
    await expect(main).toHaveAttribute("data-conn", "historical");
    await expect(rates).toHaveCount(3);
    expect(await shards.count()).toBeGreaterThan(0);
  }).toPass({ timeout: 25_000 });
  await expect(page.getByTestId("load-sentence")).toContainText(/requests a second on 3 nodes/);
  const said = await rates.allTextContents();
  await page.screenshot({ path: info.outputPath("load-past.png"), fullPage: true });
  await page.reload();
  await expect.poll(() => rates.allTextContents(), "the past stands still").toEqual(said);
});
