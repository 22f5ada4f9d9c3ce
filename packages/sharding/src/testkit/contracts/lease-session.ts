import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { emptyCluster } from "../../core/cluster.ts";
import type { NodeRef } from "../../core/ids.ts";
import { SessionLostError } from "../../errors.ts";
import type { LeaseRow, LeaseSession, NewLease } from "../../ports/lease-session.ts";
import type { MakeStoreHarness, StoreHarness } from "./store-harness.ts";
import { waitUntil } from "./wait-until.ts";

const ttlMs = 10_000;
const timeoutMs = 5_000;

const life = (nodeId: string): NodeRef => ({ nodeId, incarnation: randomUUID() });

const leaseOf = (holder: NodeRef): NewLease => ({
  ...holder,
  address: `http://127.0.0.1/${holder.nodeId}`,
  process: { bootId: "boot", pidNamespace: "pid:[1]", pid: 42, startTime: "1234" },
});

/** The contract of ports/lease-session.ts. One file, because what a session promises is one contract, and is read beside its port. */
export function leaseSessionContract(name: string, makeHarness: MakeStoreHarness): void {
  describe(`lease sessions: ${name}`, () => {
    let harness: StoreHarness;
    let opened: LeaseSession[];

    const open = async (holder: NodeRef, ttl = ttlMs): Promise<LeaseSession> => {
      const session = await harness.sessions.open({ holder, ttlMs: ttl, timeoutMs });
      opened.push(session);
      return session;
    };

    const lifeWithLease = async (nodeId = "node-1") => {
      const holder = life(nodeId);
      const session = await open(holder);
      const row = await session.take(leaseOf(holder), null);
      if (row === null) throw new Error(`The lease of ${nodeId} was not free.`);
      return { holder, session, row };
    };

    const closedOf = (session: LeaseSession): Error[] => {
      const reasons: Error[] = [];
      session.onClosed((why) => reasons.push(why));
      return reasons;
    };

    const waitForLock = async (session: LeaseSession, key: "coordinator" | `node:${string}`) =>
      await waitUntil(`the lock ${key} came free`, async () => await session.tryLock(key));

    beforeEach(async () => {
      harness = await makeHarness();
      opened = [];
    });

    afterEach(async () => {
      await Promise.all(opened.map((session) => session.close()));
      await harness.close();
    });

    describe("locks", () => {
      it("are held by one session at a time", async () => {
        const a = await open(life("node-1"));
        const b = await open(life("node-2"));
        expect(await a.tryLock("coordinator")).toBe(true);
        expect(await b.tryLock("coordinator")).toBe(false);
        expect(await b.tryLock("node:node-2")).toBe(true);
        expect(await a.unlock("coordinator")).toBe(true);
        expect(await b.tryLock("coordinator")).toBe(true);
      });

      it("are granted to exactly one of many that ask at once", async () => {
        const sessions = await Promise.all(
          Array.from({ length: 6 }, (_, i) => open(life(`node-${i}`))),
        );
        const granted = await Promise.all(
          sessions.map((session) => session.tryLock("coordinator")),
        );
        expect(granted.filter((locked) => locked)).toHaveLength(1);
      });

      it("never stack: asking again for a held one is refused, and one unlock frees it", async () => {
        const a = await open(life("node-1"));
        const b = await open(life("node-2"));
        await a.tryLock("coordinator");
        await expect(a.tryLock("coordinator")).rejects.toThrow("coordinator");
        await a.unlock("coordinator");
        expect(await b.tryLock("coordinator")).toBe(true);
      });

      it("may be asked for again after they were somebody else's", async () => {
        const a = await open(life("node-1"));
        const b = await open(life("node-2"));
        await a.tryLock("coordinator");
        expect(await b.tryLock("coordinator")).toBe(false);
        await a.unlock("coordinator");
        expect(await b.tryLock("coordinator")).toBe(true);
      });

      it("that are not held cannot be unlocked", async () => {
        const a = await open(life("node-1"));
        const b = await open(life("node-2"));
        await a.tryLock("coordinator");
        expect(await b.unlock("coordinator")).toBe(false);
        expect(await b.tryLock("coordinator")).toBe(false);
      });

      it("come free when the session is closed", async () => {
        const a = await open(life("node-1"));
        const b = await open(life("node-2"));
        await a.tryLock("coordinator");
        await a.close();
        await waitForLock(b, "coordinator");
      });

      it("of two clusters in one database have nothing to do with each other", async () => {
        const a = await open(life("node-1"));
        const other = await harness.otherCluster.open({ holder: life("node-1"), ttlMs, timeoutMs });
        opened.push(other);
        expect(await a.tryLock("coordinator")).toBe(true);
        expect(await other.tryLock("coordinator")).toBe(true);
      });
    });

    describe("the end of a session", () => {
      it("comes one ttl after its last statement, and frees its locks", async () => {
        const a = await open(life("node-1"), 400);
        const b = await open(life("node-2"));
        const reasons = closedOf(a);
        await a.tryLock("coordinator");
        expect(await b.tryLock("coordinator")).toBe(false);
        await harness.elapse(400);
        await waitUntil("the silent session was told of its end", () => reasons.length > 0);
        expect(reasons[0]).toBeInstanceOf(SessionLostError);
        await waitForLock(b, "coordinator");
      });

      it("is put off by every heartbeat", async () => {
        const { holder } = await lifeWithLease();
        const session = await open(holder, 1_200);
        const reasons = closedOf(session);
        for (let beat = 0; beat < 4; beat += 1) {
          await harness.elapse(400);
          expect((await session.renew(holder)).renewed).toBe(true);
        }
        expect(reasons).toEqual([]);
      });

      it("is told once, and fails every later call", async () => {
        const session = await open(life("node-1"));
        const reasons = closedOf(session);
        await session.close();
        await session.close();
        expect(reasons).toHaveLength(1);
        await expect(session.tryLock("coordinator")).rejects.toBeInstanceOf(SessionLostError);
        await expect(session.read("node-1")).rejects.toBeInstanceOf(SessionLostError);
      });

      it("is not told to who unsubscribed", async () => {
        const session = await open(life("node-1"));
        const reasons: Error[] = [];
        const unsubscribe = session.onClosed((why) => reasons.push(why));
        unsubscribe();
        await session.close();
        expect(reasons).toEqual([]);
      });

      it("may be brought about by another session, and frees the locks", async () => {
        const a = await open(life("node-1"));
        const b = await open(life("node-2"));
        const reasons = closedOf(a);
        await a.tryLock("coordinator");
        expect(await b.terminate(a.backend)).toBe(true);
        await waitUntil("the terminated session was told", () => reasons.length > 0);
        await waitForLock(b, "coordinator");
        await expect(a.renew(life("node-1"))).rejects.toBeInstanceOf(SessionLostError);
      });

      it("is brought about only if pid, start and application name all match", async () => {
        const a = await open(life("node-1"));
        const b = await open(life("node-2"));
        const { backend } = a;
        expect(await b.terminate({ ...backend, startedAt: b.backend.startedAt })).toBe(false);
        expect(await b.terminate({ ...backend, applicationName: "lease" })).toBe(false);
        expect(await b.terminate({ ...backend, pid: b.backend.pid })).toBe(false);
        expect(await a.tryLock("coordinator")).toBe(true);
        expect(await b.terminate(backend)).toBe(true);
        await waitUntil("the session had ended", async () => !(await b.terminate(backend)));
      });
    });

    describe("a lease row", () => {
      it("is null before the first life of a node", async () => {
        expect(await (await open(life("node-1"))).read("node-1")).toBeNull();
      });

      it("says who took it, where that runs and on which session", async () => {
        const { holder, session, row } = await lifeWithLease();
        expect(row).toEqual({
          ...leaseOf(holder),
          state: "alive",
          renewals: 0,
          token: 1,
          backend: session.backend,
          exited: false,
          unreached: [],
        } satisfies LeaseRow);
        expect(await session.read("node-1")).toEqual(row);
      });

      it("says whom its holder could not reach, until the next renewal or the next life", async () => {
        const { holder, session } = await lifeWithLease();
        const others = [randomUUID(), randomUUID()];
        const of = async (renewing: readonly string[]) =>
          (await session.renew(holder, renewing)).leases[0]?.unreached;
        expect(await of(others)).toEqual(others);
        expect((await session.read("node-1"))?.unreached).toEqual(others);
        expect(await of([])).toEqual([]);
        await session.renew(holder, others);
        await session.release(holder);
        const next = leaseOf(life("node-1"));
        const taken = await session.take(next, await session.read("node-1"));
        expect(taken?.unreached).toEqual([]);
      });

      it("may come from a process that does not say where it runs", async () => {
        const holder = life("node-1");
        const session = await open(holder);
        const row = await session.take({ ...leaseOf(holder), process: null }, null);
        expect(row?.process).toBeNull();
      });

      it("is taken over only from the state that was judged", async () => {
        const { holder, session, row } = await lifeWithLease();
        const next = leaseOf(life("node-1"));
        const b = await open(next);
        await session.renew(holder);
        expect(await b.take(next, null)).toBeNull();
        expect(await b.take(next, row)).toBeNull();
        expect(await b.take(next, { ...row, renewals: 1, state: "released" })).toBeNull();
        expect(await b.take(next, { ...row, renewals: 1, incarnation: randomUUID() })).toBeNull();
        const taken = await b.take(next, { ...row, renewals: 1 });
        expect(taken).toMatchObject({
          ...next,
          state: "alive",
          renewals: 0,
          token: 2,
          backend: b.backend,
        });
      });

      it("is not taken over where there was none", async () => {
        const { row, session } = await lifeWithLease();
        const stranger = leaseOf(life("node-2"));
        expect(await session.take(stranger, { ...row, nodeId: "node-2" })).toBeNull();
      });

      it("goes to exactly one of many that try at once", async () => {
        const lives = Array.from({ length: 6 }, () => life("node-1"));
        const sessions = await Promise.all(lives.map((holder) => open(holder)));
        const taken = await Promise.all(
          sessions.map((session, i) => session.take(leaseOf(lives[i] as NodeRef), null)),
        );
        expect(taken.filter((row) => row !== null)).toHaveLength(1);
      });

      it("says that its process has exited once the parent has said so", async () => {
        const { holder, session } = await lifeWithLease();
        await harness.recordExit({ ...holder, incarnation: randomUUID() }, 42);
        expect((await session.read("node-1"))?.exited).toBe(false);
        await harness.recordExit(holder, 42);
        await harness.recordExit(holder, 42);
        expect((await session.read("node-1"))?.exited).toBe(true);
        expect((await session.renew(holder)).leases[0]?.exited).toBe(true);
      });

      it("is not taken for dead because another process of that name has exited", async () => {
        const { holder, session } = await lifeWithLease();
        await harness.recordExit(holder, 43);
        expect((await session.read("node-1"))?.exited).toBe(false);
      });
    });

    describe("a heartbeat", () => {
      it("raises the counter and shows every lease, its own as just written", async () => {
        const a = await lifeWithLease("node-1");
        const b = await lifeWithLease("node-2");
        await a.session.renew(a.holder);
        const { renewed, leases, coordinator, timeline } = await b.session.renew(b.holder);
        expect(renewed).toBe(true);
        expect(leases).toEqual([
          { ...a.row, renewals: 1 },
          { ...b.row, renewals: 1 },
        ]);
        expect(coordinator).toEqual({
          term: 0,
          seq: 0,
          history: expect.stringMatching(/^[0-9a-f-]{36}$/),
          nodeId: null,
          incarnation: null,
        });
        expect(timeline).toBeGreaterThan(0);
      });

      it("shows who leads", async () => {
        const { holder, session } = await lifeWithLease();
        await harness.store.raiseTerm(holder, 0);
        const { coordinator } = await session.renew(holder);
        expect(coordinator).toMatchObject({ term: 1, seq: 1, ...holder });
      });

      it("names the session that it came by, so that a lease survives its session", async () => {
        const { holder, session } = await lifeWithLease();
        await session.close();
        const next = await open(holder);
        const { renewed, leases } = await next.renew(holder);
        expect(renewed).toBe(true);
        expect(leases[0]).toMatchObject({ renewals: 1, token: 1, backend: next.backend });
      });

      it("renews nothing after the release", async () => {
        const { holder, session } = await lifeWithLease();
        expect(await session.release(holder)).toBe(true);
        expect(await session.release(holder)).toBe(false);
        const { renewed, leases } = await session.renew(holder);
        expect(renewed).toBe(false);
        expect(leases[0]).toMatchObject({ state: "released", renewals: 0 });
      });

      it("renews nothing once the node was declared dead", async () => {
        const { holder, session } = await lifeWithLease();
        await harness.store.raiseTerm(holder, 0);
        const result = await harness.store.commit({
          term: 1,
          after: 1,
          events: [],
          next: emptyCluster(""),
          deaths: [{ ...holder, renewals: 0, proof: "watched" }],
        });
        expect(result.outcome).toBe("committed");
        const { renewed, leases } = await session.renew(holder);
        expect(renewed).toBe(false);
        expect(leases[0]?.state).toBe("dead");
        expect(await session.release(holder)).toBe(false);
      });

      it("renews nothing for an earlier life, and leaves the later one as it is", async () => {
        const { holder, session, row } = await lifeWithLease();
        const next = life("node-1");
        await session.take(leaseOf(next), row);
        expect((await session.renew(holder)).renewed).toBe(false);
        expect(await session.release(holder)).toBe(false);
        expect(await session.read("node-1")).toMatchObject({
          ...next,
          state: "alive",
          renewals: 0,
        });
      });
    });
  });
}
