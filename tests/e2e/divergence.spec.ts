import { startConsole } from "./support/bare-console.ts";
import { openLine } from "./support/closed-line.ts";
import { ConsolePage } from "./support/console-page.ts";
import { nodeIds, shardCount } from "./support/e2e-cluster.ts";
import { moveShard } from "./support/plan.ts";
import { watchClasses } from "./support/seen-classes.ts";
import { expect, test } from "./support/test.ts";

/** From the press that cuts a node to its first difference on the page (A6). @unit milliseconds */
const boundMs = 1500;

test("a node cut from Postgres differs, loses its shards, and agrees again once healed", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  // A tab of its own: the first divergence lasts as long as the lease, which may be over once one has
  // answered the question and gone to the page.
  const divergence = new ConsolePage(await page.context().newPage());
  await divergence.open("/divergence");
  const seen = await watchClasses(divergence.page);
  await page.bringToFront();
  const before = await cluster.cluster();
  const victim = nodeIds.find((nodeId) => nodeId !== before.coordinator?.nodeId) ?? "";
  const owned = before.nodes.find((it) => it.nodeId === victim)?.shards ?? 0;
  await console.open("/nodes");
  await console.node(victim).click();
  await page.getByRole("button", { name: "Cut Postgres…" }).click();
  const dialog = page.getByRole("alertdialog", { name: `Cut ${victim} from Postgres?` });
  await expect(dialog).toContainText(`It serves its ${owned} shards until its lease ends`);
  const cutAtMs = Date.now();
  await console.confirm("Cut from Postgres");

  await test.step("first it does not renew its lease", async () => {
    await expect.poll(async () => [...(await seen()).keys()]).toContain("skew");
    const { firstAtMs = Number.NaN, sentences = [] } = (await seen()).get("skew") ?? {};
    expect(sentences.join("\n")).toContain(`${victim} does not renew its lease`);
    const afterMs = firstAtMs - cutAtMs;
    process.stdout.write(`A6: a cut node differs after ${afterMs} ms (bound ${boundMs} ms)\n`);
    expect([...(await seen()).keys()][0], "nothing else comes before it").toBe("skew");
    expect(afterMs).toBeLessThan(10 * boundMs);
  });
  await test.step("then its lease has ended by its own clock, and it serves nothing", async () => {
    await expect.poll(async () => (await seen()).get("stale-idle")?.most).toBe(owned);
  });
  await test.step("then its shards are served by the others", async () => {
    await page.getByRole("link", { name: "Nodes", exact: true }).click();
    await expect(console.node(victim)).toHaveAttribute("data-owned", "0");
    await expect(console.node(victim)).not.toHaveAttribute("data-condition", "ready");
    await page.getByRole("link", { name: "Overview", exact: true }).click();
    await expect(page.getByTestId("shards-hosted")).toHaveText(String(shardCount));
  });
  expect([...(await seen()).keys()], "two nodes never serve one shard").not.toContain("dual");

  await page.getByRole("button", { name: "Heal all faults (1)" }).click();
  await expect(page.getByTestId("fault-pill")).toHaveAttribute("data-count", "0");
  await page.getByRole("link", { name: "Nodes", exact: true }).click();
  await expect(console.node(victim)).toHaveAttribute("data-condition", "ready");
  await expect(console.node(victim)).toContainText("agrees");
  await expect(page.getByTestId("divergence-pill")).toHaveAttribute("data-count", "0");
});

test("nodes that none of reach Postgres stop to serve, and Heal all reaches them", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  await console.open("/nodes");
  for (const index of [1, 2, 3]) {
    await cluster.fault(index, { kind: "cut-postgres", ttlMs: 60_000 });
  }
  for (const nodeId of nodeIds) {
    await expect(console.node(nodeId)).toHaveAttribute("data-condition", "cut");
  }
  await test.step("their leases end, and nobody is left who could take their shards", async () => {
    const idle = page.getByRole("button", { name: /^stale-idle/ });
    await page.getByRole("link", { name: /^Divergence/ }).click();
    await expect(idle).toHaveAttribute("data-count", String(shardCount));
    const first = page.getByRole("list", { name: "Divergence" }).getByRole("listitem").first();
    await expect(first).toHaveAttribute("data-class", "stale-idle");
    await page.getByRole("link", { name: "Nodes", exact: true }).click();
  });
  await page.getByRole("button", { name: "Heal all faults (3)" }).click();
  await expect(page.getByTestId("fault-pill")).toHaveAttribute("data-count", "0");
  for (const nodeId of nodeIds) {
    await expect(console.node(nodeId)).toHaveAttribute("data-condition", "ready");
  }
  await page.getByRole("link", { name: /^Divergence/ }).click();
  await expect(page.getByText("Every node believes what Postgres says.")).toBeVisible();
});

test("a console that is cut from Postgres shows the authority that nodes tell it, until they are cut as well", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  await using line = await openLine(new URL(cluster.databaseUrl));
  line.open();
  await using cut = await startConsole({ ...cluster.consoleEnv, DATABASE_URL: line.url });
  await page.goto(`${cut.url}/shards/default/7`);
  await console.isLive();
  const beliefs = page.getByRole("table", { name: "Beliefs about shard default/7" });
  const authority = (name: string) => beliefs.getByRole("row", { name }).getByRole("cell");
  const unknown = page.getByTestId("authority-unknown");
  await expect(authority("owner").first()).not.toHaveText("nobody");

  line.cut();
  await moveShard(cluster, 7);
  const moved = (await cluster.shards())[7];
  await expect(authority("owner").first()).toHaveText(moved?.owner ?? "");
  await expect(authority("epoch").first()).toHaveText(String(moved?.epoch));
  await expect(
    page.getByTestId("belief-cell").and(page.locator("[data-diverges=true]")),
  ).toHaveCount(0);
  await expect(unknown).toHaveCount(0);

  for (const index of [1, 2, 3]) {
    await cluster.fault(index, { kind: "cut-postgres", ttlMs: 60_000 });
  }
  await test.step("then it is unknown since then, and beliefs go on", async () => {
    await expect(unknown).toContainText(/^unknown for \d+\.\d s$/);
    await expect(page.getByTestId("note")).toContainText("neither this console nor a node reaches");
    await expect(authority("owner").first()).toHaveText(moved?.owner ?? "");
    const heard = authority("heard").nth(1);
    await expect(heard).toHaveText(/^[0-2]\.\d s ago$/);
    await expect(console.main).toHaveAttribute("data-conn", "live");
  });
  await page.getByRole("button", { name: "Heal all faults (3)" }).click();
  await expect(unknown).toHaveCount(0);
});
