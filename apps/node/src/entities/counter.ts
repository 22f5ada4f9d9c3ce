import { command, defineEntity } from "@leasehold/sharding";
import { z } from "zod";

/** A number that lives in memory: it moves with its shard, and starts at 0 again after a crash. */
export const Counter = defineEntity("counter", {
  state: () => ({ value: 0 }),
  commands: {
    add: command(z.object({ by: z.int() }), ({ state }, { by }) => (state.value += by)),
    get: command(({ state }) => state.value),
  },
});
