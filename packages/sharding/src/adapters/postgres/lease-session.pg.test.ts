import { randomUUID } from "node:crypto";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NodeRef } from "../../core/ids.ts";
import { SessionLostError, StoreUnavailableError, StoreUnsuitableError } from "../../errors.ts";
import type { LeaseSessionOptions } from "../../ports/lease-session.ts";
import { waitUntil } from "../../testkit/contracts/wait-until.ts";
import { blackHole } from "./fixtures/black-hole.ts";
import { type Pooler, startPooler } from "./fixtures/pooler.ts";
import { type TestCluster, testClusters } from "./fixtures/test-cluster.ts";

describe("a lease session on Postgres", () => {
  const createCluster = testClusters();
  let cluster: TestCluster;
  let poolers: Pooler[];

  beforeEach(async () => {
    cluster = await createCluster();
    poolers = [];
  });

  afterEach(async () => {
    await Promise.all(poolers.map((pooler) => pooler.close()));
    await alter("reset all");
    await cluster.close();
  });

  const holder: NodeRef = { nodeId: "node-1", incarnation: randomUUID() };
  const options = (change: Partial<LeaseSessionOptions> = {}): LeaseSessionOptions => ({
    holder,
    ttlMs: 5_000,
    timeoutMs: 2_000,
    ...change,
  });
  const lease = { ...holder, address: "", process: null };

  const openAt = (leaseDatabaseUrl: string) =>
    cluster.stores({ leaseDatabaseUrl }).sessions.open(options());

  const poolerUrl = async (mode: "transaction" | "session") => {
    const pooler = await startPooler({ databaseUrl: cluster.url, mode });
    poolers.push(pooler);
    return pooler.url;
  };

  /** For the connections that follow, until the test is over. */
  const alter = async (change: string) => {
    const client = await cluster.connect();
    const { rows } = await client.query<{ name: string }>("select current_database() as name");
    await client.query("set default_transaction_read_only = off");
    await client.query(`alter database ${rows[0]?.name} ${change}`);
  };

  it("names node and life for whoever looks at the server", async () => {
    const session = await cluster.stores().sessions.open(options());
    expect(session.backend.applicationName).toBe(`lease ${holder.incarnation} node-1`);
    await session.close();
  });

  it("has its name cut by the server and is found by what is left", async () => {
    const long = { ...holder, nodeId: "n".repeat(80) };
    const { sessions } = cluster.stores();
    const session = await sessions.open(options({ holder: long }));
    const other = await sessions.open(options());
    expect(session.backend.applicationName).toHaveLength(63);
    expect(await other.terminate(session.backend)).toBe(true);
    await other.close();
  });

  it("is refused through a pooler that hands each transaction to another server session", async () => {
    const error = await openAt(await poolerUrl("transaction")).catch((why: unknown) => why);
    expect(error).toBeInstanceOf(StoreUnsuitableError);
    expect(String(error)).toMatch(/LEASE_DATABASE_URL.*DATABASE_URL/);
  });

  it("is granted through one that keeps a server session for the client", async () => {
    const session = await openAt(await poolerUrl("session"));
    expect(await session.tryLock("coordinator")).toBe(true);
    await session.close();
  });

  it("leaves no setting behind on a pooler that it was refused by", async () => {
    const url = await poolerUrl("transaction");
    await openAt(url).catch(() => undefined);
    const { store } = cluster.stores({ databaseUrl: url });
    await store.load();
    const client = await cluster.connect();
    await waitUntil("no server session of the pooler calls itself a lease", async () => {
      const { rowCount } = await client.query(
        "select from pg_stat_activity where application_name like 'lease %' and datname = current_database()",
      );
      return rowCount === 0;
    });
  });

  it("is refused where a crash could take back what was committed", async () => {
    await alter("set synchronous_commit = off");
    await expect(openAt(cluster.url)).rejects.toThrow(/synchronous_commit/);
  });

  it("does not depend on defaults of the database that would break its statements", async () => {
    await alter("set default_transaction_isolation = 'serializable'");
    await alter("set DateStyle = 'German'");
    await alter("set TimeZone = 'Asia/Kolkata'");
    await alter("set idle_session_timeout = '1s'");
    await alter("set default_transaction_read_only = on");
    const session = await openAt(cluster.url);
    expect(session.backend.startedAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(await session.take(lease, null)).not.toBeNull();
    await session.close();
  });

  it("is unavailable, not unsuitable, where nobody listens", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await waitUntil("a port was found", () => server.listening);
    const url = new URL(cluster.url);
    url.port = String((server.address() as AddressInfo).port);
    await new Promise((resolve) => server.close(resolve));
    await expect(openAt(url.href)).rejects.toBeInstanceOf(StoreUnavailableError);
  });

  it("is given up on a server that takes the connection and says nothing", async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket)).listen(0, "127.0.0.1");
    await waitUntil("the server listened", () => server.listening);
    const url = new URL(cluster.url);
    url.port = String((server.address() as AddressInfo).port);
    await expect(openAt(url.href)).rejects.toBeInstanceOf(StoreUnavailableError);
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it("says what to do where the database does not exist", async () => {
    const url = new URL(cluster.url);
    url.pathname = "/no_such_database";
    await expect(openAt(url.href)).rejects.toThrow(/Create the database/);
  });

  it("says what to do where the schema does not exist, and lives on", async () => {
    const client = await cluster.connect();
    await client.query(`drop schema ${cluster.schema} cascade`);
    const session = await openAt(cluster.url);
    await expect(session.read("node-1")).rejects.toThrow(/leasehold migrate/);
    expect(await session.tryLock("coordinator")).toBe(true);
    await session.close();
  });

  it("ends on this side when a statement gets no answer, and on the server one ttl later", async () => {
    const hole = blackHole();
    const { sessions } = cluster.stores({ stream: hole.stream });
    const session = await sessions.open(options({ ttlMs: 1_500, timeoutMs: 300 }));
    const reasons: Error[] = [];
    session.onClosed((why) => reasons.push(why));
    await session.take(lease, null);
    await session.tryLock("coordinator");
    const other = await cluster.stores().sessions.open(options());
    hole.swallow();
    const beat = session.renew(holder);
    await expect(beat).rejects.toBeInstanceOf(SessionLostError);
    await expect(session.renew(holder)).rejects.toBeInstanceOf(SessionLostError);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]?.message).toContain("300 ms");
    await waitUntil("the server gave the lock away", () => other.tryLock("coordinator"));
    await other.close();
  });

  it("fails the statement under way when its backend is terminated", async () => {
    const { sessions } = cluster.stores();
    const session = await sessions.open(options({ timeoutMs: 10_000 }));
    await session.take(lease, null);
    const client = await cluster.connect();
    await client.query("begin");
    await client.query(`select from ${cluster.schema}.leases for update`);
    const beat = session.renew(holder);
    beat.catch(() => undefined);
    await waitUntil("the heartbeat waited", async () => (await cluster.waiting()) === 1);
    const reasons: Error[] = [];
    session.onClosed((why) => reasons.push(why));
    const observer = await cluster.connect();
    await observer.query("select pg_terminate_backend($1)", [session.backend.pid]);
    await expect(beat).rejects.toThrow();
    await waitUntil("the session was told of its end", () => reasons.length === 1);
    await expect(session.renew(holder)).rejects.toBeInstanceOf(SessionLostError);
    await client.query("rollback");
  });

  it("survives a heartbeat that could not get at its row in time", async () => {
    const session = await cluster.stores().sessions.open(options());
    await session.take(lease, null);
    const client = await cluster.connect();
    await client.query("begin");
    await client.query(`select from ${cluster.schema}.leases for update`);
    await expect(session.renew(holder)).rejects.toBeInstanceOf(StoreUnavailableError);
    await client.query("rollback");
    expect((await session.renew(holder)).renewed).toBe(true);
    await session.close();
  });

  it("names the timeline that the server writes", async () => {
    const session = await cluster.stores().sessions.open(options());
    await session.take(lease, null);
    const client = await cluster.connect();
    const { rows } = await client.query<{ timeline: number }>(
      "select timeline_id as timeline from pg_control_checkpoint()",
    );
    expect((await session.renew(holder)).timeline).toBe(rows[0]?.timeline);
    await session.close();
  });

  it("needs no more than an ordinary role", async () => {
    const role = `leasehold_role_${randomUUID().replaceAll("-", "")}`;
    const client = await cluster.connect();
    await client.query(`create role ${role} login password 'x'`);
    await client.query(`grant usage on schema ${cluster.schema} to ${role}`);
    await client.query(
      `grant select, insert, update on all tables in schema ${cluster.schema} to ${role}`,
    );
    const url = new URL(cluster.url);
    url.username = role;
    url.password = "x";
    const stores = cluster.stores({ databaseUrl: url.href });
    const session = await stores.sessions.open(options());
    const other = await stores.sessions.open(options());
    expect(await session.take(lease, null)).not.toBeNull();
    expect((await session.renew(holder)).timeline).toBeGreaterThan(0);
    expect((await stores.store.raiseTerm(holder, 0))?.term).toBe(1);
    expect(await other.terminate(session.backend)).toBe(true);
    await other.close();
    await stores.close();
    await client.query(`drop owned by ${role}`);
    await client.query(`drop role ${role}`);
  });
});
