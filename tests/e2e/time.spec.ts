import type { Page } from "@playwright/test";
import { ConsolePage } from "./support/console-page.ts";
import type { E2eCluster } from "./support/e2e-cluster.ts";
import { expect, test } from "./support/test.ts";

/** What a page says, without what only counts the time since. */
async function factsOf(page: Page): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  const read = async (name: string, href: string, testId: string): Promise<void> => {
    await page.locator(`nav a[href="${href}"]`).click();
    await expect(page.getByTestId(testId).first()).toBeVisible();
    texts[name] = (await page.getByTestId(testId).allInnerTexts()).join("\n");
  };
  await read("nodes", "/nodes", "node-row");
  await read("divergence", "/divergence", "divergence-list");
  await read("log", "/timeline", "log-row");
  return texts;
}

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

test("a moment that was copied shows anyone the same facts, whatever happened since", async ({
  console,
  cluster,
  browser,
}) => {
  const { page } = console;
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(`/?at=${await cutNode2(console, cluster)}`);
  await console.conn("historical");
  await page.getByTestId("copy-moment").click();
  await expect(page.getByText("Copied: the address of this page")).toBeVisible();
  const url = await page.evaluate(() => navigator.clipboard.readText());
  expect(new URL(url).searchParams.get("at")).toBe(await console.main.getAttribute("data-at"));
  const before = await factsOf(page);
  expect(before["divergence"]).not.toContain("Every node believes");

  await page.getByRole("button", { name: /^Heal all faults/ }).click();
  await cluster.waitUntilUp(2);
  await cluster.empty(3);
  const context = await browser.newContext();
  const other = new ConsolePage(await context.newPage());
  await other.page.goto(url);
  await other.conn("historical");
  expect(await factsOf(other.page)).toEqual(before);
  expect(other.unexpectedErrors()).toEqual([]);
  await context.close();
});

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
