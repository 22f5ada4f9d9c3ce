import { beforeEach, describe, expect, it } from "vitest";
import { emptyCluster } from "../../core/cluster.ts";
import type { NodeRef } from "../../core/ids.ts";
import { SessionLostError, StoreUnavailableError } from "../../errors.ts";
import { ManualClock } from "./manual-clock.ts";
import type { MemoryLink } from "./memory-link.ts";
import { MemoryPostgres } from "./memory-postgres.ts";

/** A wire that can be cut per direction; what is sent into the cut is gone. */
class CuttableLink implements MemoryLink {
  readonly cut = { out: false, in: false };

  pass(direction: "out" | "in", deliver: () => void): void {
    if (!this.cut[direction]) deliver();
  }
}

const holder: NodeRef = { nodeId: "node-1", incarnation: "life-1" };
const lease = { ...holder, address: "", process: null };
const options = { holder, ttlMs: 1_000, timeoutMs: 300 };

describe("a fault of the Postgres in memory", () => {
  let clock: ManualClock;
  let server: MemoryPostgres;
  let link: CuttableLink;

  beforeEach(() => {
    clock = new ManualClock();
    server = new MemoryPostgres({ clock });
    link = new CuttableLink();
  });

  /** Lets promises settle that wait for each other, then time pass. */
  const pass = async (ms: number) => {
    await settle();
    clock.advance(ms);
    await settle();
  };

  const openCut = async () => {
    const session = await server.sessions({ link }).open(options);
    const reasons: Error[] = [];
    session.onClosed((why) => reasons.push(why));
    await session.take(lease, null);
    await session.tryLock("coordinator");
    return { session, reasons };
  };

  it("a restart ends every session and frees the locks, but keeps the tables", async () => {
    const { session, reasons } = await openCut();
    await server.store().raiseTerm(holder, 0);
    server.restart();
    expect(reasons).toHaveLength(1);
    await expect(session.renew(holder)).rejects.toBeInstanceOf(SessionLostError);
    const next = await server.sessions().open(options);
    expect(await next.tryLock("coordinator")).toBe(true);
    const beat = await next.renew(holder);
    expect(beat).toMatchObject({ renewed: true, timeline: 1, coordinator: { term: 1 } });
  });

  it("a failover is a restart on another timeline", async () => {
    await openCut();
    server.failOver();
    const next = await server.sessions().open(options);
    expect((await next.renew(holder)).timeline).toBe(2);
  });

  it("a stopped server answers nobody, and hints after its start", async () => {
    const store = server.store();
    const hints: (number | null)[] = [];
    store.onChange(({ seq }) => hints.push(seq));
    await settle();
    server.stop();
    await expect(store.load()).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(server.sessions().open(options)).rejects.toBeInstanceOf(StoreUnavailableError);
    server.start();
    expect((await store.load()).seq).toBe(0);
    expect(hints).toEqual([null, null]);
  });

  it("a cut link: the client gives up after its timeout, the server frees the lock after the ttl", async () => {
    const { session, reasons } = await openCut();
    const other = await server.sessions().open({ ...options, ttlMs: 60_000 });
    link.cut.out = true;
    link.cut.in = true;
    const beat = session.renew(holder);
    beat.catch(() => undefined);
    await pass(299);
    expect(reasons).toEqual([]);
    await pass(1);
    await expect(beat).rejects.toBeInstanceOf(SessionLostError);
    expect(reasons).toHaveLength(1);
    expect(await other.tryLock("coordinator")).toBe(false);
    await pass(700);
    expect(await other.tryLock("coordinator")).toBe(true);
  });

  it("a cut way back: the renewal counts, though the client never hears of it", async () => {
    const { session } = await openCut();
    link.cut.in = true;
    const beat = session.renew(holder);
    beat.catch(() => undefined);
    await pass(300);
    await expect(beat).rejects.toBeInstanceOf(SessionLostError);
    expect(server.tables.lease("node-1")?.renewals).toBe(1);
  });

  it("a cut way back: a commit's outcome is unknown, and it did take effect", async () => {
    const store = server.store({ link });
    await store.raiseTerm(holder, 0);
    link.cut.in = true;
    const deaths = [{ ...holder, renewals: 0, proof: "watched" as const }];
    const write = { term: 1, after: 1, events: [], next: emptyCluster(""), deaths };
    await server
      .sessions()
      .open(options)
      .then((session) => session.take(lease, null));
    const commit = store.commit(write);
    commit.catch(() => undefined);
    await pass(5_000);
    await expect(commit).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(server.tables.lease("node-1")?.state).toBe("dead");
  });

  it("a closed session whose farewell is lost stays on the server for its ttl", async () => {
    const { session } = await openCut();
    const other = await server.sessions().open({ ...options, ttlMs: 60_000 });
    link.cut.out = true;
    await session.close();
    expect(await other.tryLock("coordinator")).toBe(false);
    await pass(1_000);
    expect(await other.tryLock("coordinator")).toBe(true);
  });
});

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
