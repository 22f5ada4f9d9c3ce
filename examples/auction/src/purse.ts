import { CommandError, command, defineEntity, emit } from "@leasehold/sharding";
import { z } from "zod";
import { noPurse, type PurseState, purseEvents, welcomeGift } from "./rules.ts";

const transfer = z.object({ amount: z.int().positive(), lot: z.string() });

/** What somebody has to spend. Whoever moves money between purses does it under an idempotency key. */
export const Purse = defineEntity("purse", {
  state: (): PurseState => noPurse,
  events: purseEvents,
  commands: {
    open: command(({ state }) =>
      state.isOpen ? emit(state.balance) : emit(welcomeGift, { opened: { gift: welcomeGift } }),
    ),
    deposit: command(transfer, ({ state }, deposited) =>
      emit(state.balance + deposited.amount, { deposited }),
    ),
    pay: command(transfer, ({ state }, paid) => {
      if (paid.amount > state.balance) {
        const message = `There are ${state.balance} in the purse, and ${paid.amount} are owed.`;
        throw new CommandError("INSUFFICIENT_FUNDS", message, { status: 402 });
      }
      return emit(state.balance - paid.amount, { paid });
    }),
  },
});
