import type { Browser } from "@playwright/test";
import { ConsolePage } from "./support/console-page.ts";
import type { E2eCluster } from "./support/e2e-cluster.ts";
import { keepGoing } from "./support/keep-going.ts";
import { factsOf, type MomentFacts } from "./support/moment-facts.ts";
import { settle } from "./support/settle.ts";
import { expect, test } from "./support/test.ts";

const isLong = process.env["LEASEHOLD_TEST_LONG"] === "on";
const longTest = isLong ? test : () => undefined;
/** How long the world goes on before a moment that was copied is looked at again, in the long form. */
const minutes = Number(process.env["LEASEHOLD_TEST_HOUR_MINUTES"] ?? 60);

/** Cuts node-2 from Postgres and waits until the recording has it. @returns the moment at which beliefs differed. */
async function cutNode2(console: ConsolePage, cluster: E2eCluster): Promise<number> {
  const { page } = console;
  let found: number | undefined;
  await console.open("/");
  await cluster.fault(2, { kind: "cut-postgres", ttlMs: 30_000 });
  await expect(page.getByTestId("divergence-pill")).not.toHaveAttribute("data-count", "0");
  await expect
    .poll(async () => {
      const answer = await page.request.get(
        `/api/tape/marks?from=${Number.MAX_SAFE_INTEGER}&direction=previous&limit=5`,
      );
      const marks = (await answer.json()) as { readonly kind: string; readonly pos: number }[];
      found = marks.find((it) => it.kind === "divergence")?.pos;
      return found;
    })
    .toBeDefined();
  return found ?? 0;
}

/** Copies the moment at which node-2 was cut. @returns its address, and what the pages say of it. */
async function copyMoment(
  console: ConsolePage,
  cluster: E2eCluster,
  shards: readonly number[],
): Promise<{ readonly url: string; readonly facts: MomentFacts }> {
  const { page } = console;
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(`/?at=${await cutNode2(console, cluster)}`);
  await console.conn("historical");
  await page.getByTestId("copy-moment").click();
  await expect(page.getByText("Copied: the address of this page")).toBeVisible();
  const url = await page.evaluate(() => navigator.clipboard.readText());
  expect(new URL(url).searchParams.get("at")).toBe(await console.main.getAttribute("data-at"));
  const facts = await factsOf(page, shards);
  expect(facts.rows["/divergence"]).not.toContain("Every node believes");
  return { url, facts };
}

/** What somebody finds there who was never here. */
async function readAfresh(
  browser: Browser,
  url: string,
  shards: readonly number[],
): Promise<MomentFacts> {
  const context = await browser.newContext();
  const other = new ConsolePage(await context.newPage());
  await other.page.goto(url);
  await other.conn("historical");
  const facts = await factsOf(other.page, shards);
  expect(other.unexpectedErrors()).toEqual([]);
  await context.close();
  return facts;
}

/** Whatever happens to be where: one shard of the node that is cut, and one of another. */
async function twoShards(cluster: E2eCluster): Promise<readonly number[]> {
  const shards = await cluster.shards();
  const first = (isOwn: boolean): number =>
    shards.find((it) => (it.owner === "node-2") === isOwn)?.shard ?? 0;
  return [first(true), first(false)];
}

test("a moment that was copied shows anyone the same facts, whatever happened since", async ({
  console,
  cluster,
  browser,
}) => {
  const shards = await twoShards(cluster);
  const { url, facts } = await copyMoment(console, cluster, shards);
  await console.page.getByRole("button", { name: /^Heal all faults/ }).click();
  await cluster.waitUntilUp(2);
  await cluster.empty(3);
  expect(await readAfresh(browser, url, shards)).toEqual(facts);
});

longTest(
  `a moment shows the same facts after ${minutes} minutes of new events`,
  async ({ console, cluster, browser }) => {
    test.setTimeout((minutes + 5) * 60_000);
    const shards = await twoShards(cluster);
    const { url, facts } = await copyMoment(console, cluster, shards);
    const before = (await cluster.cluster()).seq;
    await console.page.goto("about:blank");
    await settle(cluster);
    const { rounds, mishaps } = await keepGoing(cluster, minutes * 60_000);
    const events = (await cluster.cluster()).seq - before;
    process.stdout.write(
      `A9: ${minutes} min, ${rounds} rounds, ${events} events since, ${mishaps.length} mishaps\n`,
    );
    expect(mishaps.length).toBeLessThan(rounds / 10);
    expect(events).toBeGreaterThan(rounds * 10);
    expect(await readAfresh(browser, url, shards)).toEqual(facts);
  },
);

test("in the past nothing can be done but to heal, and one press leads back", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  await cutNode2(console, cluster);
  await page.getByRole("button", { name: "One event back" }).click();
  await console.conn("historical");
  await expect(page.getByTestId("note")).toContainText("You look at");
  await expect(page.getByTestId("conn-pill")).toHaveText(/HISTORICAL/);
  for (const path of ["/moves", "/nodes"]) {
    await page.locator(`nav a[href="${path}"]`).click();
    await expect(console.main).toHaveAttribute("data-page", path.slice(1));
    if (path === "/nodes") {
      await console.node("node-2").click();
      await expect(page.getByRole("button", { name: "Cordon" })).toBeDisabled();
    }
    const enabled = page.getByRole("main").getByRole("button", { disabled: false });
    const names = await enabled.allInnerTexts();
    expect(
      names.filter((it) => /drain|cordon|move|rebalance|apply|cut|pause|crash|heal/i.test(it)),
    ).toEqual([]);
  }
  await page.getByRole("button", { name: "Heal all faults (1)" }).click();
  await expect(page.getByTestId("fault-pill")).toHaveAttribute("data-count", "0");
  await console.conn("historical");
  await page.getByTestId("return-to-live").click();
  await console.isLive();
  await expect(page).toHaveURL((url) => !url.searchParams.has("at"));
});

test("one steps, jumps, plays and compares", async ({ console, cluster }) => {
  const { page } = console;
  await cutNode2(console, cluster);
  await cluster.waitUntilUp(1);
  await page.getByRole("button", { name: "Previous fault or violation" }).click();
  await console.conn("historical");
  const at = async (): Promise<number> => Number(await console.main.getAttribute("data-at"));
  const marked = await at();
  const bar = page.getByRole("slider", { name: "Time", exact: true });
  await bar.press("ArrowLeft");
  await expect.poll(at).toBeLessThan(marked);
  const stepped = await at();
  await bar.press("ArrowRight");
  await expect.poll(at).toBeGreaterThan(stepped);
  await page.getByTestId("pin-moment").click();
  await page.getByLabel("Speed").selectOption("20");
  await page.getByRole("button", { name: "Play", exact: true }).click();
  await test.step("playing goes on by itself, and at its end the present comes", async () => {
    await console.isLive();
  });
  await page.getByRole("button", { name: "One event back" }).click();
  await console.conn("historical");
  await page.getByTestId("compare").click();
  await expect(page.getByTestId("comparison")).toHaveAttribute("data-ready", "true");
  await expect(page.getByRole("heading", { name: "Compare" })).toBeVisible();
});

test("an entry of the log leads to the moment at which it was heard", async ({
  console,
  cluster,
}) => {
  const { page } = console;
  await console.open("/timeline");
  const before = await console.appliedSeq();
  await cluster.order("/v1/nodes/node-3/cordon");
  await console.reached(before + 1);
  const row = page.getByTestId("log-row").first();
  const seq = await row.getAttribute("data-seq");
  await expect
    .poll(async () => {
      await page
        .getByTestId("return-to-live")
        .or(page.getByRole("button", { name: "Go to live" }))
        .click({ timeout: 100 })
        .catch(() => undefined);
      await page.getByRole("button", { name: `View the moment of event ${seq}` }).click();
      return await console.main.getAttribute("data-conn");
    })
    .toBe("historical");
  await expect(page.getByTestId("time-clock")).toContainText(
    `event ${Number(seq).toLocaleString("en-US")}`,
  );
  await cluster.order("/v1/nodes/node-3/uncordon");
});

test("a moment that nobody has is named, with one way out", async ({ console }) => {
  const { page } = console;
  console.expectErrors(/404|410/);
  for (const [at, code] of [
    ["soon", "BAD_MOMENT"],
    ["9007199254740000", "BAD_MOMENT"],
    ["900719925474099", "MOMENT_UNKNOWN"],
    ["5", "MOMENT_GONE"],
  ] as const) {
    await page.goto(`/shards?at=${at}`);
    await expect(page.getByTestId("note")).toHaveAttribute("data-code", code);
    await page.getByRole("button", { name: "Go to live" }).click();
    await console.isLive();
    await expect(page).toHaveURL((url) => !url.searchParams.has("at"));
  }
});
