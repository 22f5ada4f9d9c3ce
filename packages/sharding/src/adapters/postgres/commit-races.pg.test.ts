import { randomUUID } from "node:crypto";
import type { Client } from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NodeRef } from "../../core/ids.ts";
import { StoreUnavailableError } from "../../errors.ts";
import type { LeaseSession } from "../../ports/lease-session.ts";
import type { CommitResult, StateStore } from "../../ports/state-store.ts";
import { waitUntil } from "../../testkit/contracts/wait-until.ts";
import { type TestCluster, testClusters } from "./fixtures/test-cluster.ts";

/**
 * Two writers meet on one row while neither has committed: the interleavings that no amount of
 * parallel calls is sure to hit. The other writer is played by an open transaction.
 */
describe("a commit that meets another writer", () => {
  const holder: NodeRef = { nodeId: "node-b", incarnation: randomUUID() };
  const createCluster = testClusters();
  let cluster: TestCluster;
  let other: Client;
  let store: StateStore;
  let session: LeaseSession;

  beforeEach(async () => {
    cluster = await createCluster();
    other = await cluster.connect();
    const stores = cluster.stores();
    store = stores.store;
    session = await stores.sessions.open({ holder, ttlMs: 20_000, timeoutMs: 10_000 });
    await session.take({ ...holder, address: "", process: null }, null);
    await store.raiseTerm({ nodeId: "node-a", incarnation: randomUUID() }, 0);
  });

  afterEach(async () => {
    await session.close();
    await cluster.close();
  });

  const declareDead = async (by: StateStore = store): Promise<CommitResult> => {
    const deaths = [{ ...holder, renewals: 0, proof: "watched" as const }];
    return await by.commit({ term: 1, after: 1, events: [], next: await by.load(), deaths });
  };

  /** Runs a statement in an open transaction, starts `then` against it, and waits until that waits. */
  const inTransaction = async <T>(sql: string, then: () => Promise<T>) => {
    await other.query("begin");
    await other.query(sql.replaceAll("S.", `${cluster.schema}.`), []);
    const result = then();
    // Its failure is looked at where it is awaited.
    result.catch(() => undefined);
    await waitUntil("the statement waited for the other writer", async () => {
      return (await cluster.waiting()) === 1;
    });
    return { result };
  };

  const renewal = `update S.leases set renewals = renewals + 1 where node_id = '${holder.nodeId}'`;

  it("waits for a renewal under way, which then refutes the death", async () => {
    const { result } = await inTransaction(renewal, declareDead);
    await other.query("commit");
    expect(await result).toEqual({ outcome: "refuted", alive: [holder] });
    expect(await session.read(holder.nodeId)).toMatchObject({ state: "alive", renewals: 1 });
    expect((await store.load()).seq).toBe(1);
  });

  it("kills after all where that renewal was rolled back", async () => {
    const { result } = await inTransaction(renewal, declareDead);
    await other.query("rollback");
    expect((await result).outcome).toBe("committed");
    expect((await session.renew(holder)).renewed).toBe(false);
  });

  it("takes a release under way for what it is", async () => {
    const release = `update S.leases set state = 'released' where node_id = '${holder.nodeId}'`;
    const { result } = await inTransaction(release, declareDead);
    await other.query("commit");
    expect((await result).outcome).toBe("committed");
    expect((await session.read(holder.nodeId))?.state).toBe("released");
  });

  it("leaves the next life alone that took the lease meanwhile", async () => {
    const takeOver = `update S.leases set incarnation = gen_random_uuid() where node_id = '${holder.nodeId}'`;
    const { result } = await inTransaction(takeOver, declareDead);
    await other.query("commit");
    expect((await result).outcome).toBe("committed");
    expect((await session.read(holder.nodeId))?.state).toBe("alive");
  });

  it("is deposed by a term raised meanwhile, and says which one (S3)", async () => {
    const raise = "update S.coordinator set term = term + 1, seq = seq + 1, node_id = 'node-c'";
    const { result } = await inTransaction(raise, declareDead);
    await other.query("commit");
    expect(await result).toEqual({ outcome: "deposed", term: 2 });
    expect((await session.read(holder.nodeId))?.state).toBe("alive");
  });

  it("makes a renewal wait, which then finds the node dead", async () => {
    const death = `update S.leases set state = 'dead' where node_id = '${holder.nodeId}'`;
    const { result } = await inTransaction(death, () => session.renew(holder));
    await other.query("commit");
    expect((await result).renewed).toBe(false);
  });

  it("gives up on a row that stays locked, and has written nothing", async () => {
    const hasty = cluster.stores({ timeoutMs: 600 }).store;
    const { result } = await inTransaction(renewal, () => declareDead(hasty));
    await expect(result).rejects.toBeInstanceOf(StoreUnavailableError);
    await other.query("rollback");
    expect((await store.load()).seq).toBe(1);
    expect((await session.read(holder.nodeId))?.state).toBe("alive");
  });

  it("raises no term from one that was raised meanwhile", async () => {
    const raise = "update S.coordinator set term = term + 1, seq = seq + 1, node_id = 'node-c'";
    const { result } = await inTransaction(raise, () => store.raiseTerm(holder, 1));
    await other.query("commit");
    expect(await result).toBeNull();
  });
});
