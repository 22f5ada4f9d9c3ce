import { shardCount } from "./support/e2e-cluster.ts";
import { moveShard } from "./support/plan.ts";
import { expect, test } from "./support/test.ts";

test("the overview shows three ready nodes, each shard hosted and every invariant kept", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  // A cluster in which nothing ever moved has no handoff that could be judged.
  await moveShard(cluster, 0);
  await console.open("/");
  await expect(page.getByRole("region", { name: "Verdict" }).getByRole("heading")).toHaveText(
    `All ${shardCount} shards are served by their owner`,
  );
  await expect(page.getByTestId("nodes-ready")).toHaveText("3");
  await expect(page.getByTestId("shards-hosted")).toHaveText(String(shardCount));
  const verdicts = page.getByRole("list", { name: "Invariants" }).getByRole("listitem");
  await expect(verdicts).toHaveText([/S1/, /S2/, /S3/, /S6/, /S7/, /L1/, /L2/]);
  for (const verdict of await verdicts.all()) {
    await expect(verdict).toHaveAttribute("data-verdict", "holds");
  }
});

test("the link in the navigation that is lit is the page that is open", async ({ console }) => {
  const { page } = console;
  await console.open("/");
  const nav = page.getByRole("navigation", { name: "Main" });
  for (const name of ["Shards", "Nodes", "Divergence", "Moves", "Timeline", "Overview"]) {
    await nav.getByRole("link", { name }).click();
    await expect(console.main).toHaveAttribute("data-page", name.toLowerCase());
    await expect(nav.getByRole("link", { name })).toHaveAttribute("aria-current", "page");
    await console.isLive();
  }
});

test("what happens in the cluster reaches the page without a request", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  await console.open("/");
  await page.waitForLoadState("networkidle");
  const requests: string[] = [];
  // Code that is loaded late, and the bar of the recording, are not what is looked for here.
  const isOther = (url: string): boolean => /\/_next\/static\/|\/api\/tape\/bar\?/.test(url);
  page.on("request", (request) => isOther(request.url()) || requests.push(request.url()));
  for (const shard of [11, 12, 13]) await moveShard(cluster, shard);
  const { seq } = await cluster.cluster();
  await console.reached(seq);
  const log = page.getByRole("table", { name: "Cluster log" });
  await expect(log.locator(`[data-seq="${seq}"]`)).toBeVisible();
  expect(requests).toEqual([]);
});
