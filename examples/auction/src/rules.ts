/**
 * The rules of the house: what a lot and a purse are, how each event changes them, and what is refused.
 *
 * Plain functions that wait for nothing and import nothing. The entities decide by them, and the page in the
 * browser folds the same events by them.
 */
export interface Offer {
  readonly title: string;
  readonly seller: string;
  /** The least that a first bid must be. */
  readonly reserve: number;
  /** ISO 8601. */
  readonly closesAt: string;
}

export interface Bid {
  readonly bidder: string;
  readonly amount: number;
}

export interface Sale {
  readonly winner: string;
  readonly seller: string;
  readonly price: number;
}

export interface Outcome {
  /** Whether the winner could pay. */
  readonly paid: boolean;
}

export interface LotState extends Offer {
  readonly phase: "none" | "open" | "closed" | "settled";
  /** The highest bid that was accepted: it leads while the lot is open, and wins when it closes. */
  readonly best: Bid | null;
  readonly bids: number;
  /** Null before it is settled. */
  readonly paid: Outcome["paid"] | null;
}

export const noLot: LotState = {
  phase: "none",
  title: "",
  seller: "",
  reserve: 0,
  closesAt: "",
  best: null,
  bids: 0,
  paid: null,
};

export const lotEvents = {
  opened: (_: LotState, offer: Offer): LotState => ({ ...noLot, ...offer, phase: "open" }),
  bid: (lot: LotState, best: Bid): LotState => ({ ...lot, best, bids: lot.bids + 1 }),
  /** With the sale, for whoever follows; null: nobody has bid. */
  closed: (lot: LotState, _: Sale | null): LotState => ({ ...lot, phase: "closed" }),
  settled: (lot: LotState, { paid }: Outcome): LotState => ({ ...lot, phase: "settled", paid }),
};

export interface PurseState {
  readonly balance: number;
  readonly isOpen: boolean;
}

export interface Transfer {
  readonly amount: number;
  /** The lot that is paid for. */
  readonly lot: string;
}

export const noPurse: PurseState = { balance: 0, isOpen: false };

/** What the house gives to whoever takes a seat, once. */
export const welcomeGift = 1_000;

export const purseEvents = {
  opened: (purse: PurseState, { gift }: { readonly gift: number }): PurseState => ({
    balance: purse.balance + gift,
    isOpen: true,
  }),
  deposited: (purse: PurseState, { amount }: Transfer): PurseState => ({
    ...purse,
    balance: purse.balance + amount,
  }),
  paid: (purse: PurseState, { amount }: Transfer): PurseState => ({
    ...purse,
    balance: purse.balance - amount,
  }),
};

/** Why something is not done. Callers switch on the code; the status is for HTTP. */
export interface Refusal {
  readonly code: string;
  readonly status: number;
  readonly message: string;
}

export const leastBid = ({ best, reserve }: LotState): number =>
  best === null ? reserve : best.amount + 1;

/**
 * What ends the bidding is the event `closed`. The time is asked, too, so that nobody profits from the moment between
 * the end and that event: it is long where the lot's node has just died.
 */
export function whyNoBid(lot: LotState, { bidder, amount }: Bid, nowMs: number): Refusal | null {
  const least = leastBid(lot);
  if (lot.phase === "none") {
    return { code: "LOT_UNKNOWN", status: 404, message: "There is no such lot." };
  }
  if (lot.phase !== "open" || nowMs >= Date.parse(lot.closesAt)) {
    return { code: "LOT_CLOSED", status: 409, message: "The hammer has fallen." };
  }
  if (bidder === lot.seller) {
    return { code: "OWN_LOT", status: 422, message: "Nobody bids on a lot of their own." };
  }
  if (amount >= least) return null;
  return { code: "BID_TOO_LOW", status: 422, message: `The next bid is ${least} or more.` };
}

export const saleOf = ({ best, seller }: LotState): Sale | null =>
  best === null ? null : { winner: best.bidder, seller, price: best.amount };
