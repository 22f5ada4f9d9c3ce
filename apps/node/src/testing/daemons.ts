import { defineDaemon } from "@leasehold/sharding";

/** For tests: does nothing, and says that it lives. */
export const Ticker = defineDaemon("ticker", {
  workers: 2,
  run: async ({ ticks }) => {
    for await (const _ of ticks(100));
  },
});
