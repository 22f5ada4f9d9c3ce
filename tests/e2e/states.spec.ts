import { migrate } from "@leasehold/db";
import { expectAccessible } from "./support/axe.ts";
import { startConsole } from "./support/bare-console.ts";
import { openLine } from "./support/closed-line.ts";
import { openNodeOfVersion } from "./support/other-node.ts";
import { expect, test } from "./support/test.ts";

/** Nobody listens there. */
const nowhere = "http://127.0.0.1:9";

test("a cluster without nodes says how to start the first one", async ({ console, cluster }) => {
  const { page } = console;
  const name = "e2e-empty";
  await migrate({ database: cluster.databaseUrl, cluster: name });
  await using empty = await startConsole({
    DATABASE_URL: cluster.databaseUrl,
    LEASEHOLD_CLUSTER: name,
    LEASEHOLD_ENV: "staging",
    LEASEHOLD_NODES: nowhere,
  });
  await page.goto(empty.url);
  await console.conn("live");
  await expect(page.getByRole("banner")).toContainText("STAGING");
  for (const path of ["", "shards", "nodes"]) {
    await page.goto(`${empty.url}/${path}`);
    await expect(page.getByRole("heading", { name: `No node has joined ${name}` })).toBeVisible();
    await expect(page.getByText(`leasehold node --cluster ${name}`)).toBeVisible();
  }
  await expectAccessible(page);
  await page.goto(`${empty.url}/moves`);
  await expect(page.getByRole("heading", { name: "No plans yet" })).toBeVisible();
  await expectAccessible(page);
  // The console ends before the page does, which would complain.
  await page.goto("about:blank");
});

test("a console that reaches nobody claims nothing", async ({ console }) => {
  const { page } = console;
  await using alone = await startConsole({ DATABASE_URL: "", LEASEHOLD_NODES: nowhere });
  await page.goto(alone.url);
  await expect(console.pill).toHaveAccessibleName("Connection: loading");
  await expect(page.getByText("Waiting for the first snapshot of the cluster.")).toBeVisible();
  await expect(console.main).toHaveAttribute("data-applied-seq", "0");
  await expectAccessible(page);
  await page.getByRole("link", { name: "Moves", exact: true }).click();
  await expect(page.getByText("Loading the cluster.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Rebalance" })).toHaveCount(0);
});

test("a page that is offline stays readable and says how old it is", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  console.expectErrors(/WebSocket|net::ERR_/);
  const env = { DATABASE_URL: cluster.databaseUrl, LEASEHOLD_NODES: nowhere };
  await using brief = await startConsole(env);
  await page.goto(brief.url);
  await console.conn("live");
  await brief[Symbol.asyncDispose]();
  await console.conn("offline");
  await expect(page.getByRole("status").filter({ hasText: "Not connected" })).toContainText(
    /Values are \d+\.\d s old/,
  );
  await expect(page.getByTestId("shards-hosted")).toHaveText("64");
  await expectAccessible(page);
});

test("a console that was started before Postgres and any node says so, and goes on when they come", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  console.expectErrors(/WebSocket|net::ERR_/);
  await using line = await openLine(new URL(cluster.databaseUrl));
  await using early = await startConsole({ DATABASE_URL: line.url, LEASEHOLD_NODES: nowhere });
  await page.goto(early.url);
  const reach = page.getByTestId("reach");
  await expect(reach).toContainText("Postgres is not reached");
  await expect(reach).toContainText(`${nowhere} is not reached`);
  line.open();
  await console.conn("live");
  await expect(page.getByTestId("shards-hosted")).toHaveText("64");
  await test.step("and what it sees from then on is recorded", async () => {
    await expect
      .poll(async () => (await page.request.get(`${early.url}/api/tape/state`)).json())
      .toMatchObject({ why: null, last: { pos: expect.any(Number) } });
  });
});

test("nodes of another version, and such that refuse the token, are named with the reason", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  console.expectErrors(/WebSocket|net::ERR_/);
  const note = page.getByTestId("note");
  const env = { DATABASE_URL: cluster.databaseUrl };
  await using newer = await openNodeOfVersion(2);
  await using older = await startConsole({ ...env, LEASEHOLD_NODES: newer.url });
  await page.goto(older.url);
  await console.conn("live");
  await expect(note).toHaveAttribute("data-code", "NODE_REFUSED");
  await expect(note).toContainText("It speaks version 2 of the observation protocol");
  await expect(page.getByTestId("shards-hosted")).toHaveText("64");

  await using stranger = await startConsole({ ...env, LEASEHOLD_TOKEN: "not-the-token" });
  await page.goto(stranger.url);
  await console.conn("live");
  await expect(note).toContainText("nodes do not let this console follow them");
  await expect(note).toContainText("LEASEHOLD_TOKEN");
  await expect(page.getByTestId("shards-hosted")).toHaveText("64");
});
