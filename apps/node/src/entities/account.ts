import { CommandError, command, defineEntity, emit } from "@leasehold/sharding";
import { z } from "zod";

const transfer = z.object({ amount: z.int().positive() });

/** Money that is never lost nor made: whole units of a currency's smallest coin. */
export const Account = defineEntity("account", {
  state: () => ({ balance: 0 }),
  events: {
    deposited: ({ balance }, { amount }: { amount: number }) => ({ balance: balance + amount }),
    withdrawn: ({ balance }, { amount }: { amount: number }) => ({ balance: balance - amount }),
  },
  commands: {
    deposit: command(transfer, ({ state }, { amount }) => {
      const balance = state.balance + amount;
      if (!Number.isSafeInteger(balance)) {
        throw new CommandError("BALANCE_TOO_LARGE", "The balance would not be exact any more.");
      }
      return emit({ balance }, { deposited: { amount } });
    }),
    withdraw: command(transfer, ({ state }, { amount }) => {
      if (amount > state.balance) {
        const message = `The balance is ${state.balance}: ${amount} cannot be withdrawn.`;
        throw new CommandError("INSUFFICIENT_FUNDS", message, { status: 422 });
      }
      return emit({ balance: state.balance - amount }, { withdrawn: { amount } });
    }),
    balance: command(({ state }) => ({ balance: state.balance })),
  },
});
