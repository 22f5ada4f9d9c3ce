import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { migrate } from "@leasehold/db";
import { createTestDatabase, type TestDatabase } from "@leasehold/db/testing";
import { Client } from "pg";
import { afterAll, beforeAll, expect } from "vitest";
import { eventFeedContract } from "../../testkit/contracts/event-feed.ts";
import { journalContract } from "../../testkit/contracts/journal.ts";
import { type LeaseHarness, leaseContract } from "../../testkit/contracts/lease.ts";
import { leaseSessionContract } from "../../testkit/contracts/lease-session.ts";
import { lettersContract } from "../../testkit/contracts/letters.ts";
import { nodeLeaseOf } from "../../testkit/contracts/node-lease-candidate.ts";
import { stateStoreContract } from "../../testkit/contracts/state-store.ts";
import type { JournalHarness, StoreHarness } from "../../testkit/contracts/store-harness.ts";
import { timersContract } from "../../testkit/contracts/timers.ts";
import { waitUntil } from "../../testkit/contracts/wait-until.ts";
import { systemClock } from "../system-clock.ts";
import { blackHole } from "./fixtures/black-hole.ts";
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

/** Runs what docs/durable-entities.md tells an operator to run. */
async function partition(schema: string): Promise<void> {
  const page = readFileSync(new URL(durablePage, import.meta.url), "utf8");
  const [, sql] = /```sql\n([\s\S]*?)```/.exec(page) ?? [];
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query((sql as string).replaceAll("leasehold_default", schema));
  const { rows } = await client.query("select relkind from pg_class where oid = $1::regclass", [
    `${schema}.journal`,
  ]);
  expect(rows).toEqual([{ relkind: "p" }]);
  await client.end();
}

const durablePage = "../../../../../docs/durable-entities.md";

async function makeJournalHarness(isPartitioned = false): Promise<JournalHarness> {
  clusters += 1;
  const cluster = `c${clusters}`;
  const databaseUrl = database.url;
  const { schema } = await migrate({ database: databaseUrl, cluster });
  if (isPartitioned) await partition(schema);
  const { stream, swallow } = blackHole();
  const { journal, feed, close } = createPostgresStore({
    ...{ databaseUrl, cluster, stream, timeoutMs: 1_000 },
  });
  return {
    journal,
    feed,
    // Only the sockets that are open now: whatever connects afterwards gets through. The pool's were
    // swallowed with the others, and are found out one by one.
    loseAnswer: async (call) => {
      swallow();
      const failure = await call().catch((error: unknown) => error);
      await waitUntil("the pools have connected again", async () => {
        const nobody = { group: "", shard: 0, epoch: 1, incarnation: randomUUID() };
        const asked = await Promise.allSettled([journal.holds(nobody), feed.ends()]);
        return asked.every(({ status }) => status === "fulfilled");
      });
      return failure;
    },
    elapse: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    close,
  };
}

/** Nodes with their own stores: each is cut off by itself. */
async function makeLeaseHarness(): Promise<LeaseHarness> {
  clusters += 1;
  const cluster = `c${clusters}`;
  const databaseUrl = database.url;
  await migrate({ database: databaseUrl, cluster });
  const ttlMs = 1_000;
  const closers: (() => Promise<void>)[] = [];
  return {
    ttlMs,
    nowMs: () => systemClock.monotonicMs(),
    until: (sentence, isTrue) => waitUntil(sentence, async () => await isTrue(), 10_000),
    candidate: async (nodeId) => {
      const { stream, swallow } = blackHole();
      const { sessions, close } = createPostgresStore({ databaseUrl, cluster, stream });
      const { lease, node } = await nodeLeaseOf({ nodeId, ttlMs, clock: systemClock, sessions });
      closers.push(() => node.release(), close);
      return { lease, cut: swallow };
    },
    close: async () => {
      for (const close of closers) await close();
    },
  };
}

journalContract("Postgres", makeJournalHarness);
journalContract("Postgres, in parts", () => makeJournalHarness(true));
eventFeedContract("Postgres", makeJournalHarness);
eventFeedContract("Postgres, in parts", () => makeJournalHarness(true));
leaseContract("Postgres", makeLeaseHarness);
leaseSessionContract("Postgres", makeHarness);
timersContract("Postgres", makeJournalHarness);
lettersContract("Postgres", makeHarness);
stateStoreContract("Postgres", makeHarness);
