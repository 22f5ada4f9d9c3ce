import { describe, expect, test } from "vitest";
import {
  type LotState,
  leastBid,
  lotEvents,
  noLot,
  noPurse,
  purseEvents,
  saleOf,
  whyNoBid,
} from "./rules.ts";

const closesMs = Date.parse("2030-01-01T12:00:00Z");
const offer = {
  ...{ title: "Sextant", seller: "sam", reserve: 100 },
  closesAt: new Date(closesMs).toISOString(),
};
const opened = lotEvents.opened(noLot, offer);
const withBid = lotEvents.bid(opened, { bidder: "ada", amount: 120 });
const early = closesMs - 1;

const codeOf = (lot: LotState, bidder: string, amount: number, nowMs = early) =>
  whyNoBid(lot, { bidder, amount }, nowMs)?.code ?? "accepted";

describe("a bid", () => {
  test("is accepted from the reserve on, and then above the best one", () => {
    expect(codeOf(opened, "ada", 99)).toBe("BID_TOO_LOW");
    expect(codeOf(opened, "ada", 100)).toBe("accepted");
    expect(leastBid(withBid)).toBe(121);
    expect(codeOf(withBid, "bob", 120)).toBe("BID_TOO_LOW");
    expect(codeOf(withBid, "bob", 121)).toBe("accepted");
  });

  test("is refused from the end on, also where the lot has not been closed yet", () => {
    expect(codeOf(withBid, "bob", 500, closesMs - 1)).toBe("accepted");
    expect(codeOf(withBid, "bob", 500, closesMs)).toBe("LOT_CLOSED");
  });

  test("is refused once the lot is closed, whatever a clock says", () => {
    const closed = lotEvents.closed(withBid, saleOf(withBid));
    expect(codeOf(closed, "bob", 500)).toBe("LOT_CLOSED");
    expect(codeOf(lotEvents.settled(closed, { paid: true }), "bob", 500)).toBe("LOT_CLOSED");
  });

  test("is refused on a lot that there is not, and on one's own", () => {
    expect(codeOf(noLot, "ada", 500)).toBe("LOT_UNKNOWN");
    expect(codeOf(opened, "sam", 500)).toBe("OWN_LOT");
  });
});

describe("a lot", () => {
  test("goes to its best bidder, at that price", () => {
    const next = lotEvents.bid(withBid, { bidder: "bob", amount: 150 });
    expect(saleOf(next)).toEqual({ winner: "bob", seller: "sam", price: 150 });
    expect(next.bids).toBe(2);
  });

  test("goes to nobody where nobody has bid", () => {
    expect(saleOf(opened)).toBeNull();
    expect(lotEvents.closed(opened, null)).toMatchObject({ phase: "closed", best: null });
  });

  test("says whether it was paid for", () => {
    const closed = lotEvents.closed(withBid, saleOf(withBid));
    expect(closed.paid).toBeNull();
    expect(lotEvents.settled(closed, { paid: false })).toMatchObject({
      ...{ phase: "settled", paid: false, best: { bidder: "ada" } },
    });
  });
});

test("a purse is the sum of what went in and out", () => {
  const welcome = purseEvents.opened(noPurse, { gift: 1_000 });
  const paid = purseEvents.paid(welcome, { amount: 120, lot: "a" });
  expect(purseEvents.deposited(paid, { amount: 20, lot: "b" })).toEqual({
    ...{ balance: 900, isOpen: true },
  });
});
