import { command, defineEntity } from "@leasehold/sharding";

/** What a command of `work` computes for. @unit milliseconds */
const workMs = 0.5;

export const Worker = defineEntity("worker", {
  state: () => ({ count: 0 }),
  commands: {
    work: command(({ state }) => {
      const endMs = performance.now() + workMs;
      while (performance.now() < endMs);
      state.count += 1;
      return state.count;
    }),
    count: command(({ state }) => {
      state.count += 1;
      return state.count;
    }),
  },
});
