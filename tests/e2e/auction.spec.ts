import { test as base, expect } from "@playwright/test";
import { waitUntil } from "../cluster/harness/wait-until.ts";
import { Auction, Bidder, comeBack } from "./support/auction.ts";
import { expectAccessible } from "./support/axe.ts";

/** Starting and stopping have time of their own: a busy machine needs long for them. */
const test = base.extend<{ readonly auction: Auction }>({
  auction: [
    async ({ browser: _ }, use) => {
      await using auction = await Auction.start();
      await use(auction);
    },
    { timeout: 120_000 },
  ],
});

// Half of it on a machine that has nothing else to do.
test.setTimeout(60_000);

const ship = "A ship in a bottle";

test("a lot whose node dies in its last seconds goes to its highest bidder, who pays once", async ({
  auction,
  browser,
}, info) => {
  const [ada, bob] = await Promise.all([
    Bidder.enter(browser, auction.url, "ada", 1_200),
    Bidder.enter(browser, auction.url, "bob", 390),
  ]);
  const pages = [ada.page, bob.page];
  await bob.sit();
  await ada.page.emulateMedia({ colorScheme: "dark" });
  for (const [index, page] of pages.entries()) {
    await page.evaluate(() => Object.assign(window, { isSame: true }));
    await expectAccessible(page);
    await page.screenshot({ path: info.outputPath(`open-${index}.png`), fullPage: true });
  }
  expect(await bob.page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);

  await ada.page.getByLabel("What").fill(ship);
  await ada.page.getByLabel("From").fill("100");
  await ada.page.getByLabel("Seconds").fill("12");
  await ada.page.getByRole("button", { name: "Open the bidding" }).click();
  await ada.sit();
  expect(await ada.bid(ship, 99)).toBe("BID_TOO_LOW");
  expect(await ada.bid(ship, 100)).toBe("accepted");
  await expect(bob.lot(ship)).toContainText("ada leads");
  expect(await bob.bid(ship, 120)).toBe("accepted");
  await expect(ada.lot(ship)).toContainText("You have been outbid");
  const lot = (await bob.lot(ship).getAttribute("data-lot")) ?? "";
  const seen = await comeBack(auction.url, null);
  expect(seen.told).toContain(`lot/${lot}/3`);

  const closesAt = (await bob.lot(ship).locator("time").getAttribute("datetime")) ?? "";
  const leftMs = () => Date.parse(closesAt) - Date.now();
  await waitUntil("the last seconds have come", () => leftMs() < 2_500);
  const home = (await bob.lot(ship).getAttribute("data-home")) ?? "";
  const survivor = home === "node-1" ? "node-2" : "node-1";
  await auction.kill(home);
  expect(leftMs(), "left when its node died").toBeGreaterThan(0);
  let best = { bidder: bob, amount: 120 };
  let accepted = 2;
  for (const bid of [
    { bidder: ada, amount: 130 },
    { bidder: bob, amount: 150 },
    { bidder: ada, amount: 170 },
  ]) {
    // Nobody serves the lot when the first one comes: it waits for the next home.
    const said = await bid.bidder.bidLate(lot, bid.amount);
    if (said !== "accepted") expect(said).toBe("LOT_CLOSED");
    else {
      best = bid;
      accepted += 1;
    }
  }

  const price = best.amount;
  const [winner, loser] = best.bidder === bob ? [bob, ada] : [ada, bob];
  const sold = (to: string) => `Sold to ${to} for €${price}, settled`;
  await expect(winner.lot(ship).locator(".outcome")).toHaveText(sold("you"), { timeout: 15_000 });
  await expect(loser.lot(ship).locator(".outcome")).toHaveText(sold(winner.name));
  await expect(winner.page.locator("#purse")).toHaveText(`€${1_000 - price}`);
  await expect(loser.page.locator("#purse")).toHaveText("€1,000");
  for (const page of pages) {
    await expect(page.locator("#money")).toHaveText("€2,000");
    expect(await page.evaluate(() => "isSame" in window), "without a reload").toBe(true);
  }

  const events = await auction.eventsOf(survivor, "lot", lot);
  const bids = Array.from({ length: accepted }, () => "bid");
  expect(events.map(({ type }) => type)).toEqual(["opened", ...bids, "closed", "settled"]);
  expect(events.slice(-3).map(({ data }) => data)).toEqual([
    { bidder: winner.name, amount: price },
    { winner: winner.name, seller: "the house", price },
    { paid: true },
  ]);
  const transfer = { amount: price, lot };
  const purseOf = async (name: string) =>
    (await auction.eventsOf(survivor, "purse", name)).map(({ type, data }) => [type, data]);
  expect((await purseOf(winner.name)).slice(1)).toEqual([["paid", transfer]]);
  expect(await purseOf("the house")).toEqual([["deposited", transfer]]);

  const missed = await comeBack(auction.url, seen.cursor);
  expect(missed.told).toContain(`lot/${lot}/${events.length}`);
  expect(missed.told.filter((key) => seen.told.includes(key))).toEqual([]);
  for (const page of pages) await page.context().close();
});
