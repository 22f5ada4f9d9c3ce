import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StoreUnavailableError } from "../../errors.ts";
import { waitUntil } from "../../testkit/contracts/wait-until.ts";
import { blackHole } from "./fixtures/black-hole.ts";
import { startPooler } from "./fixtures/pooler.ts";
import { type TestCluster, testClusters } from "./fixtures/test-cluster.ts";

describe("the connections of a store", () => {
  const createCluster = testClusters();
  let cluster: TestCluster;

  beforeEach(async () => {
    cluster = await createCluster();
  });

  afterEach(async () => {
    await cluster.close();
  });

  const node = () => ({ nodeId: "node-1", incarnation: randomUUID() });

  const hintsOf = async (stores = cluster.stores()) => {
    const hints: (number | null)[] = [];
    stores.store.onChange(({ seq }) => hints.push(seq));
    await waitUntil("it listened", () => hints.length === 1);
    return hints;
  };

  const terminate = async (applicationName: string) => {
    const client = await cluster.connect();
    const { rowCount } = await client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and datname = current_database()",
      [applicationName],
    );
    expect(rowCount).toBeGreaterThan(0);
  };

  it("listen again after the listening one was ended, and hint what may have been missed", async () => {
    const hints = await hintsOf();
    await terminate(`leasehold ${cluster.name} listen`);
    await waitUntil("it listened again", () => hints.length === 2);
    expect(hints).toEqual([null, null]);
    await cluster.stores().store.raiseTerm(node(), 0);
    await waitUntil("the new term was hinted", () => hints.includes(1));
  });

  it("listen again when nothing is heard any more", async () => {
    const hole = blackHole();
    const hints = await hintsOf(cluster.stores({ stream: hole.stream, timeoutMs: 300 }));
    hole.swallow();
    await waitUntil("it listened again", () => hints.length === 2);
    await cluster.stores().store.raiseTerm(node(), 0);
    await waitUntil("the new term was hinted", () => hints.includes(1));
  });

  it("are replaced after an idle one was ended", async () => {
    const { store } = cluster.stores();
    await store.load();
    await terminate(`leasehold ${cluster.name}`);
    await waitUntil("a new one answered", async () => {
      return await store.load().then(
        () => true,
        () => false,
      );
    });
  });

  it("are given up when a statement gets no answer, and close in time", async () => {
    const hole = blackHole();
    const stores = cluster.stores({ stream: hole.stream, timeoutMs: 300 });
    await stores.store.load();
    hole.swallow();
    await expect(stores.store.load()).rejects.toBeInstanceOf(StoreUnavailableError);
    expect((await stores.store.load()).term).toBe(0);
    hole.swallow();
    await stores.close();
  });

  it("work through a pooler in transaction mode, and say what that costs", async () => {
    const pooler = await startPooler({ databaseUrl: cluster.url, mode: "transaction" });
    const warnings: string[] = [];
    const stores = cluster.stores({
      databaseUrl: pooler.url,
      log: (level, message) => {
        if (level === "warn") warnings.push(message);
      },
    });
    const states = await Promise.all([stores.store.load(), stores.store.load()]);
    expect(states.map(({ term }) => term)).toEqual([0, 0]);
    expect((await stores.store.raiseTerm(node(), 0))?.term).toBe(1);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("alter role");
    await stores.close();
    await pooler.close();
  });
});
