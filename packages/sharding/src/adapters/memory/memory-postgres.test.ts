import { leaseSessionContract } from "../../testkit/contracts/lease-session.ts";
import { lettersContract } from "../../testkit/contracts/letters.ts";
import { stateStoreContract } from "../../testkit/contracts/state-store.ts";
import type { StoreHarness } from "../../testkit/contracts/store-harness.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemoryPostgres } from "./memory-postgres.ts";

async function makeHarness(): Promise<StoreHarness> {
  const clock = new ManualClock();
  const server = new MemoryPostgres({ clock });
  // One server object is one cluster: another cluster shares nothing with it.
  const other = new MemoryPostgres({ clock });
  const store = server.store();
  return {
    sessions: server.sessions(),
    store,
    otherCluster: other.sessions(),
    recordExit: async (holder, pid) => server.recordExit(holder, pid),
    elapse: async (ms) => clock.advance(ms),
    close: () => store.close(),
  };
}

leaseSessionContract("memory", makeHarness);
lettersContract("memory", makeHarness);
stateStoreContract("memory", makeHarness);
