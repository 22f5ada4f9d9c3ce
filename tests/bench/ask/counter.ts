import { command, defineEntity } from "@leasehold/sharding";
import { z } from "zod";

/** What is asked: a number, and a text that makes the question as long as it shall be. */
const addend = z.object({ amount: z.int(), note: z.string() });

export const Counter = defineEntity("counter", {
  state: () => ({ value: 0 }),
  commands: { add: command(addend, ({ state }, { amount }) => (state.value += amount)) },
});
