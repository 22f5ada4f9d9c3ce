import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NodeId, NodeRef } from "../../core/ids.ts";
import type { LeaseSession } from "../../ports/lease-session.ts";
import type { Letters } from "../../ports/letters.ts";
import type { ChangeHint } from "../../ports/state-store.ts";
import type { MakeStoreHarness, StoreHarness } from "./store-harness.ts";
import { waitUntil } from "./wait-until.ts";

/** The contract of ports/letters.ts. */
export function lettersContract(name: string, makeHarness: MakeStoreHarness): void {
  describe(`letters: ${name}`, () => {
    let harness: StoreHarness;
    let letters: Letters;
    let opened: LeaseSession[];

    beforeEach(async () => {
      harness = await makeHarness();
      letters = harness.store.letters;
      opened = [];
    });

    afterEach(async () => {
      await Promise.all(opened.map((session) => session.close()));
      await harness.close();
    });

    const open = async (holder: NodeRef): Promise<LeaseSession> => {
      const session = await harness.sessions.open({ holder, ttlMs: 10_000, timeoutMs: 5_000 });
      opened.push(session);
      return session;
    };

    const live = async (nodeId: NodeId) => {
      const from = { nodeId, incarnation: randomUUID() };
      const session = await open(from);
      await session.take({ ...from, address: "http://a", process: null }, null);
      return { from, session };
    };

    const write = (from: NodeRef, says: string, subject = "report", to: NodeId | null = null) =>
      letters.write({ from, to, subject, messages: [{ says }] });

    const said = async (to: Parameters<Letters["take"]>[0]): Promise<string[]> =>
      (await letters.take(to)).map(
        ({ from, messages }) => `${from.nodeId}: ${messages.map((m) => (m as Said).says).join()}`,
      );

    const coordinator = { coordinatorOf: 0 };

    it("are taken once, by whom they are for, in the order of their last word", async () => {
      const a = await live("a");
      const b = await live("b");
      await write(a.from, "one");
      await write(b.from, "two");
      await write(a.from, "three", "r-1");
      await write(a.from, "for b", "report", "b");
      await write(a.from, "four");
      expect(await said(coordinator)).toEqual(["b: two", "a: three", "a: four"]);
      expect(await said(coordinator)).toEqual([]);
      expect(await said({ nodeId: "a" })).toEqual([]);
      expect(await said({ nodeId: "b" })).toEqual(["a: for b"]);
    });

    it("name the life that wrote them", async () => {
      const { from } = await live("a");
      await write(from, "one");
      expect((await letters.take(coordinator))[0]?.from).toEqual(from);
    });

    it("are believed only while the sender's lease is alive", async () => {
      const { from, session } = await live("a");
      expect(await write({ ...from, incarnation: randomUUID() }, "another life")).toBe(false);
      expect(await write({ ...from, nodeId: "b" }, "another node")).toBe(false);
      expect(await write(from, "one")).toBe(true);
      await session.release(from);
      expect(await write(from, "too late")).toBe(false);
      expect(await said(coordinator)).toEqual([]);
    });

    it("of a life that is over are not left behind by the next one's", async () => {
      const { from, session } = await live("a");
      await write(from, "of the first life");
      await write(from, "to b", "report", "b");
      await session.release(from);
      const next = { nodeId: "a", incarnation: randomUUID() };
      const row = await session.read("a");
      await session.take({ ...next, address: "http://a", process: null }, row);
      await write(next, "of the second life");
      expect(await said(coordinator)).toEqual(["a: of the second life"]);
      expect(await said({ nodeId: "b" })).toEqual([]);
    });

    it("are not given to a coordinator of another term", async () => {
      const { from } = await live("a");
      await write(from, "one");
      await harness.store.raiseTerm(from, 0);
      expect(await said(coordinator)).toEqual([]);
      expect(await said({ coordinatorOf: 1 })).toEqual(["a: one"]);
    });

    it("may be withdrawn", async () => {
      const { from } = await live("a");
      await write(from, "one", "r-1");
      await write(from, "two", "r-2");
      await letters.withdraw({ from, to: null, subject: "r-1" });
      expect(await said(coordinator)).toEqual(["a: two"]);
    });

    it("are announced by the heartbeat to the coordinator and to whom they are for", async () => {
      const a = await live("a");
      const b = await live("b");
      const waiting = async () => {
        const beats = [await a.session.renew(a.from), await b.session.renew(b.from)];
        return beats.map((beat) => beat.letters);
      };
      const none = { toCoordinator: false, toNode: false };
      expect(await waiting()).toEqual([none, none]);
      await write(a.from, "one");
      await write(a.from, "to b", "report", "b");
      const toCoordinator = { toCoordinator: true, toNode: false };
      expect(await waiting()).toEqual([toCoordinator, { toCoordinator: true, toNode: true }]);
      await said(coordinator);
      await said({ nodeId: "b" });
      expect(await waiting()).toEqual([none, none]);
    });

    it("are hinted to those who listen", async () => {
      const { from } = await live("a");
      const hints: ChangeHint[] = [];
      const stop = harness.store.onChange((hint) => hints.push(hint));
      await waitUntil("it listens", async () => hints.length > 0);
      hints.length = 0;
      await write(from, "one");
      await write(from, "to b", "report", "b");
      await waitUntil("both are hinted", async () => hints.length === 2);
      stop();
      expect(hints.map((hint) => hint.lettersTo)).toEqual(["", "b"]);
    });
  });
}

interface Said {
  readonly says: string;
}
