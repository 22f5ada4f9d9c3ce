import { CommandError, command, defineEntity, emit } from "@leasehold/sharding";
import { z } from "zod";
import { type LotState, lotEvents, noLot, type Refusal, saleOf, whyNoBid } from "./rules.ts";

const name = z.string().trim().min(1).max(24);
const amount = z.int().min(1).max(1_000_000);

const offer = z.object({
  title: z.string().trim().min(1).max(60),
  seller: name,
  reserve: amount,
  closesInMs: z.int().min(1_000).max(86_400_000),
});

/**
 * One lot of the auction. It lives on one node at a time and handles one command after the other, so two bids are
 * never weighed at the same moment, and each is in Postgres before its bidder hears of it.
 */
export const Lot = defineEntity("lot", {
  state: (): LotState => noLot,
  events: lotEvents,
  commands: {
    open: command(offer, ({ state, timers }, { closesInMs, ...what }) => {
      if (state.phase !== "none") {
        refuse({ code: "LOT_EXISTS", status: 409, message: "There is such a lot already." });
      }
      const closesAt = new Date(Date.now() + closesInMs).toISOString();
      timers.set("hammer", { afterMs: closesInMs, command: "close" });
      return emit({ closesAt }, { opened: { ...what, closesAt } });
    }),

    bid: command(z.object({ bidder: name, amount }), ({ state }, bid) => {
      refuse(whyNoBid(state, bid, Date.now()));
      return emit(bid, { bid });
    }),

    look: command(({ state }) => state),

    /** Run by the timer: on whichever node the lot lives by then, once. */
    close: command(({ state, timer }) => {
      if (timer === null) {
        refuse({ code: "NOT_BY_HAND", status: 403, message: "A lot closes when its time is up." });
      }
      return emit(null, { closed: saleOf(state) });
    }),

    settle: command(z.object({ paid: z.boolean() }), ({ state }, outcome) => {
      if (state.phase !== "closed" || state.best === null) {
        refuse({ code: "NOTHING_OWED", status: 409, message: "Nothing is owed for this lot." });
      }
      return emit(null, { settled: outcome });
    }),
  },
});

function refuse(refusal: Refusal | null): void {
  if (refusal === null) return;
  throw new CommandError(refusal.code, refusal.message, { status: refusal.status });
}
