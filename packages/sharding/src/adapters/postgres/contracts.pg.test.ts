import { migrate } from "@leasehold/db";
import { createTestDatabase, type TestDatabase } from "@leasehold/db/testing";
import { afterAll, beforeAll } from "vitest";
import { leaseSessionContract } from "../../testkit/contracts/lease-session.ts";
import { lettersContract } from "../../testkit/contracts/letters.ts";
import { stateStoreContract } from "../../testkit/contracts/state-store.ts";
import type { StoreHarness } from "../../testkit/contracts/store-harness.ts";
import { createPostgresStore, recordExit } from "./index.ts";

let database: TestDatabase;
let clusters = 0;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await database.drop();
});

/** A cluster of its own in the file's database, and an empty one beside it. */
async function makeHarness(): Promise<StoreHarness> {
  clusters += 1;
  const cluster = `c${clusters}`;
  const databaseUrl = database.url;
  await migrate({ database: databaseUrl, cluster });
  const { sessions, store, close } = createPostgresStore({ databaseUrl, cluster });
  const other = createPostgresStore({ databaseUrl, cluster: `${cluster}-other` });
  return {
    sessions,
    store,
    otherCluster: other.sessions,
    recordExit: (holder, pid) => recordExit({ databaseUrl, cluster, ...holder, pid }),
    elapse: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    close: async () => {
      await close();
      await other.close();
    },
  };
}

leaseSessionContract("Postgres", makeHarness);
lettersContract("Postgres", makeHarness);
stateStoreContract("Postgres", makeHarness);
