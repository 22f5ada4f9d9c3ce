import { randomBytes, randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NodeRef } from "../../core/ids.ts";
import type {
  Append,
  AppendResult,
  Head,
  Journal,
  NewOutcome,
  NewSnapshot,
  StoredEntity,
} from "../../ports/journal.ts";
import type { JournalHarness, MakeJournalHarness } from "./store-harness.ts";

const a: NodeRef = { nodeId: "node-a", incarnation: "00000000-0000-4000-8000-00000000000a" };
const b: NodeRef = { nodeId: "node-b", incarnation: "00000000-0000-4000-8000-00000000000b" };
const group = "default";

const entityIn = (shard: number, id = "x"): StoredEntity => ({
  ...{ group, shard, namespace: "default", type: "register", id },
});

/** The contract of ports/journal.ts. One file, because what is kept of an entity is one promise, and is read beside the port. */
export function journalContract(name: string, makeHarness: MakeJournalHarness): void {
  describe(`journal: ${name}`, () => {
    let harness: JournalHarness;
    let journal: Journal;

    beforeEach(async () => {
      harness = await makeHarness();
      journal = harness.journal;
    });

    afterEach(async () => {
      await harness.close();
    });

    const claim = async (holder: NodeRef, shard: number, epoch: number) => {
      const [result] = await journal.claim(holder, [{ group, shard, epoch }]);
      return result;
    };

    const headOf = ({ incarnation }: NodeRef, shard: number, epoch: number): Head => ({
      ...{ group, shard, epoch, incarnation },
    });

    const write = (
      head: Head,
      version: number,
      events: readonly unknown[],
      more: Partial<Append> = {},
    ): Promise<AppendResult> =>
      journal.append({
        ...{ ...entityIn(head.shard), ...head, version, events },
        ...{ commandId: randomUUID(), outcome: null, isRemoval: false, timers: null, ...more },
      });

    const outcome = (key: string, more: Partial<NewOutcome> = {}): NewOutcome => ({
      ...{ key, bodyHash: "hash", answer: { ok: 1 }, keepForMs: 60_000, ...more },
    });

    const eventsOf = async (entity: StoredEntity): Promise<unknown[]> =>
      (await journal.read(entity, 0, 1_000)).map(({ event }) => event);

    describe("a head", () => {
      it("is claimed by whoever comes first, and again by the same", async () => {
        expect(await claim(a, 0, 1)).toBe("claimed");
        expect(await claim(a, 0, 1)).toBe("claimed");
        expect(await journal.holds(headOf(a, 0, 1))).toBe(true);
      });

      it("goes to a higher epoch only (S4)", async () => {
        await claim(a, 0, 5);
        expect(await claim(b, 0, 4)).toBe("fenced");
        expect(await claim(b, 0, 5)).toBe("fenced");
        expect(await claim(b, 0, 6)).toBe("claimed");
        expect(await claim(a, 0, 5)).toBe("fenced");
        expect(await journal.holds(headOf(a, 0, 5))).toBe(false);
        expect(await journal.holds(headOf(b, 0, 6))).toBe(true);
      });

      it("is not held under its epoch by another life", async () => {
        await claim(a, 0, 1);
        expect(await journal.holds(headOf(b, 0, 1))).toBe(false);
      });

      it("is claimed with many others at once, each with its own result", async () => {
        await claim(b, 1, 9);
        const shards = [2, 1, 0].map((shard) => ({ group, shard, epoch: 3 }));
        expect(await journal.claim(a, shards)).toEqual(["claimed", "fenced", "claimed"]);
        expect(await journal.holds(headOf(a, 2, 3))).toBe(true);
        expect(await journal.holds(headOf(b, 1, 9))).toBe(true);
      });
    });

    describe("an append", () => {
      it("gives an entity its next versions, and is read from any of them on", async () => {
        await claim(a, 0, 1);
        const head = headOf(a, 0, 1);
        expect(await write(head, 0, ["one", { two: [2, null] }])).toBe("committed");
        expect(await write(head, 2, [3])).toBe("committed");
        expect(await journal.read(entityIn(0), 0, 10)).toEqual([
          { version: 1, event: "one" },
          { version: 2, event: { two: [2, null] } },
          { version: 3, event: 3 },
        ]);
        expect(await journal.read(entityIn(0), 1, 1)).toEqual([
          { version: 2, event: { two: [2, null] } },
        ]);
        expect(await journal.read(entityIn(0, "other"), 0, 10)).toEqual([]);
      });

      it("is fenced before the head is claimed, and after another owner has claimed it (S4)", async () => {
        expect(await write(headOf(a, 0, 1), 0, [1])).toBe("fenced");
        await claim(a, 0, 1);
        await write(headOf(a, 0, 1), 0, [1]);
        await claim(b, 0, 2);
        expect(await write(headOf(a, 0, 1), 1, [2])).toBe("fenced");
        expect(await write(headOf(b, 0, 2), 1, [2])).toBe("committed");
        expect(await eventsOf(entityIn(0))).toEqual([1, 2]);
      });

      it("is fenced for another life under the same epoch", async () => {
        await claim(a, 0, 1);
        expect(await write(headOf(b, 0, 1), 0, [1])).toBe("fenced");
        expect(await eventsOf(entityIn(0))).toEqual([]);
      });

      it("conflicts below and above the entity's version", async () => {
        await claim(a, 0, 1);
        const head = headOf(a, 0, 1);
        await write(head, 0, [1, 2]);
        expect(await write(head, 0, [3])).toBe("conflict");
        expect(await write(head, 1, [3])).toBe("conflict");
        expect(await write(head, 3, [3])).toBe("conflict");
        expect(await write(head, 2, [3])).toBe("committed");
      });

      it("takes effect once per command (S5)", async () => {
        await claim(a, 0, 1);
        const head = headOf(a, 0, 1);
        const commandId = randomUUID();
        await write(head, 0, [1], { commandId });
        expect(await write(head, 1, [1], { commandId })).toBe("conflict");
        expect(await eventsOf(entityIn(0))).toEqual([1]);
      });

      it("goes with all others that wait, over entities and shards, each with its own result", async () => {
        await journal.claim(
          a,
          [0, 1, 2, 3].map((shard) => ({ group, shard, epoch: 1 })),
        );
        await claim(b, 2, 2);
        await write(headOf(a, 1, 1), 0, [0]);
        const results = await Promise.all(
          [3, 2, 1, 0].flatMap((shard) => [
            write(headOf(a, shard, 1), 0, [shard]),
            write(headOf(a, shard, 1), 0, [shard, shard], { id: "y" }),
          ]),
        );
        const done = "committed";
        expect(results).toEqual([done, done, "fenced", "fenced", "conflict", done, done, done]);
        expect(await eventsOf(entityIn(3))).toEqual([3]);
        expect(await eventsOf(entityIn(2, "y"))).toEqual([]);
        expect(await eventsOf(entityIn(1))).toEqual([0]);
        expect(await eventsOf(entityIn(1, "y"))).toEqual([1, 1]);
      });

      it.each([
        ["a zero character", "\u0000"],
        ["half a character", "\ud800"],
      ])("with %s fails alone, and leaves no trace", async (_what, text) => {
        await claim(a, 0, 1);
        const head = headOf(a, 0, 1);
        const results = await Promise.allSettled([
          write(head, 0, [1]),
          write(head, 0, [{ text }], { id: "bad" }),
          write(head, 0, [2], { id: "y" }),
        ]);
        expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
        expect(await eventsOf(entityIn(0, "bad"))).toEqual([]);
        expect(await eventsOf(entityIn(0, "y"))).toEqual([2]);
      });

      it("with a key that no index takes fails alone, and leaves no trace", async () => {
        await claim(a, 0, 1);
        const head = headOf(a, 0, 1);
        // At random: what repeats itself is stored shorter.
        const key = randomBytes(5_000).toString("hex");
        const results = await Promise.allSettled([
          write(head, 0, [1]),
          write(head, 0, ["bad"], { id: "bad", outcome: outcome(key) }),
          write(head, 0, [2], { id: "y" }),
        ]);
        expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
        expect(await eventsOf(entityIn(0, "bad"))).toEqual([]);
        expect(await eventsOf(entityIn(0, "y"))).toEqual([2]);
      });
    });

    describe("an outcome", () => {
      it("is kept with the events, and found by its key", async () => {
        await claim(a, 0, 1);
        await write(headOf(a, 0, 1), 0, [1, 2], { outcome: outcome("k") });
        const kept = { bodyHash: "hash", answer: { ok: 1 }, version: 2 };
        expect(await journal.findOutcome(entityIn(0), "k")).toEqual(kept);
        expect(await journal.findOutcome(entityIn(0), "other")).toBeNull();
        expect(await journal.findOutcome(entityIn(0, "y"), "k")).toBeNull();
      });

      it("is kept without events, too", async () => {
        await claim(a, 0, 1);
        const nothing = outcome("k", { answer: null });
        expect(await write(headOf(a, 0, 1), 0, [], { outcome: nothing })).toBe("committed");
        expect(await journal.findOutcome(entityIn(0), "k")).toMatchObject({
          answer: null,
          version: 0,
        });
        expect(await write(headOf(a, 0, 1), 0, [null])).toBe("committed");
        expect(await eventsOf(entityIn(0))).toEqual([null]);
      });

      it("is not kept by a fenced owner, nor by a command that conflicts", async () => {
        await claim(a, 0, 2);
        await write(headOf(b, 0, 1), 0, [], { outcome: outcome("k") });
        await write(headOf(a, 0, 2), 7, [1], { outcome: outcome("k") });
        expect(await journal.findOutcome(entityIn(0), "k")).toBeNull();
      });

      it("refuses a second command under its key, and its events with it (S5)", async () => {
        await claim(a, 0, 1);
        const head = headOf(a, 0, 1);
        await write(head, 0, [1], { outcome: outcome("k") });
        expect(await write(head, 1, [2], { outcome: outcome("k") })).toBe("conflict");
        expect(await eventsOf(entityIn(0))).toEqual([1]);
      });

      it("makes room when it has expired", async () => {
        await claim(a, 0, 1);
        const head = headOf(a, 0, 1);
        await write(head, 0, [1], { outcome: outcome("k", { keepForMs: 50, bodyHash: "old" }) });
        await harness.elapse(60);
        expect(await journal.findOutcome(entityIn(0), "k")).toBeNull();
        expect(await write(head, 1, [2], { outcome: outcome("k") })).toBe("committed");
        expect(await journal.findOutcome(entityIn(0), "k")).toMatchObject({ bodyHash: "hash" });
      });
    });

    describe("a snapshot", () => {
      const keep = (head: Head, version: number, state: unknown, more: Partial<NewSnapshot> = {}) =>
        journal.keep([
          {
            ...{ ...entityIn(head.shard), ...head, version, state },
            ...{ stateVersion: 1, deleteUpTo: 0, ...more },
          },
        ]);
      const kept = async (stateVersion = 1) =>
        (await journal.replay(entityIn(0), stateVersion, 0)).snapshot;

      beforeEach(async () => {
        await claim(a, 0, 1);
        await write(headOf(a, 0, 1), 0, ["one", "two", null]);
      });

      it("is loaded with the events above it, in order, as many as are asked for", async () => {
        const { events } = await journal.replay(entityIn(0), 1, 2);
        expect(events.map(({ event }) => event)).toEqual(["one", "two"]);
        await keep(headOf(a, 0, 1), 1, { z: 1, a: [2, null] });
        const replay = await journal.replay(entityIn(0), 1, 10);
        expect(replay).toEqual({
          snapshot: { version: 1, state: { z: 1, a: [2, null] } },
          events: [
            { version: 2, event: "two" },
            { version: 3, event: null },
          ],
        });
        expect(Object.keys(replay.snapshot?.state as object)).toEqual(["z", "a"]);
        expect(await journal.replay(entityIn(0, "other"), 1, 10)).toEqual({
          snapshot: null,
          events: [],
        });
      });

      it("of null is a snapshot", async () => {
        await keep(headOf(a, 0, 1), 3, null);
        expect(await kept()).toEqual({ version: 3, state: null });
      });

      it("is replaced by a later one, never by an earlier one", async () => {
        await keep(headOf(a, 0, 1), 2, "second");
        await keep(headOf(a, 0, 1), 1, "first");
        expect(await kept()).toEqual({ version: 2, state: "second" });
        await keep(headOf(a, 0, 1), 3, "third");
        expect(await kept()).toEqual({ version: 3, state: "third" });
      });

      it("of another state version is not loaded, and gives way", async () => {
        await keep(headOf(a, 0, 1), 3, "old");
        expect(await journal.replay(entityIn(0), 2, 1)).toEqual({
          snapshot: null,
          events: [{ version: 1, event: "one" }],
        });
        await keep(headOf(a, 0, 1), 2, "new", { stateVersion: 2 });
        expect(await kept(1)).toBeNull();
        expect(await kept(2)).toEqual({ version: 2, state: "new" });
      });

      it("is not kept by a former owner", async () => {
        await claim(b, 0, 2);
        await keep(headOf(a, 0, 1), 3, "late");
        expect(await kept()).toBeNull();
        await keep(headOf(b, 0, 2), 3, "own");
        expect(await kept()).toEqual({ version: 3, state: "own" });
      });

      it("goes with others in one call, each for itself", async () => {
        const head = headOf(a, 0, 1);
        await write(head, 0, ["y"], { id: "y" });
        const one = { ...head, version: 1, stateVersion: 1, deleteUpTo: 0 };
        await journal.keep([
          { ...entityIn(0, "y"), ...one, state: "y" },
          { ...entityIn(7), ...one, ...headOf(a, 7, 1), state: "unclaimed" },
          { ...entityIn(0), ...one, state: "x" },
        ]);
        expect(await kept()).toEqual({ version: 1, state: "x" });
        expect((await journal.replay(entityIn(0, "y"), 1, 0)).snapshot?.state).toBe("y");
        expect((await journal.replay(entityIn(7), 1, 0)).snapshot).toBeNull();
      });
    });

    describe("deleted events", () => {
      const head = headOf(a, 0, 1);
      const snapshot = (version: number, deleteUpTo: number): NewSnapshot => ({
        ...{
          ...entityIn(0),
          ...head,
          version,
          deleteUpTo,
          state: `at ${version}`,
          stateVersion: 1,
        },
      });
      const versions = async () =>
        (await journal.read(entityIn(0), 0, 10)).map(({ version }) => version);

      beforeEach(async () => {
        await claim(a, 0, 1);
        await write(head, 0, [1, 2, 3, 4]);
        await write(head, 0, ["other"], { id: "y" });
      });

      it("go with the snapshot that takes their place, those of this entity alone", async () => {
        await journal.keep([snapshot(3, 2)]);
        expect(await versions()).toEqual([3, 4]);
        expect(await eventsOf(entityIn(0, "y"))).toEqual(["other"]);
        const { snapshot: kept, events } = await journal.replay(entityIn(0), 1, 10);
        expect(kept?.version).toBe(3);
        expect(events).toEqual([{ version: 4, event: 4 }]);
      });

      it("stay where no snapshot has taken them in", async () => {
        await claim(b, 0, 2);
        await journal.keep([snapshot(3, 2)]);
        expect(await versions()).toEqual([1, 2, 3, 4]);
      });

      it("are no gap for the next append, which is compared with the last version", async () => {
        await journal.keep([snapshot(4, 3)]);
        expect(await versions()).toEqual([4]);
        expect(await write(head, 1, [5])).toBe("conflict");
        expect(await write(head, 4, [5])).toBe("committed");
        expect(await versions()).toEqual([4, 5]);
      });

      it("go with the entity's removal, and its snapshot with them", async () => {
        await journal.keep([snapshot(4, 0)]);
        const more = { isRemoval: true, outcome: outcome("k") };
        expect(await write(head, 4, ["gone"], more)).toBe("committed");
        expect(await journal.replay(entityIn(0), 1, 10)).toEqual({
          snapshot: null,
          events: [{ version: 5, event: "gone" }],
        });
        expect(await journal.findOutcome(entityIn(0), "k")).toMatchObject({ version: 5 });
        expect(await eventsOf(entityIn(0, "y"))).toEqual(["other"]);
        expect(await write(head, 5, ["again"])).toBe("committed");
        expect(await versions()).toEqual([5, 6]);
      });

      it("are not deleted by a removal that is fenced or conflicts", async () => {
        expect(await write(head, 3, ["gone"], { isRemoval: true })).toBe("conflict");
        await claim(b, 0, 2);
        expect(await write(head, 4, ["gone"], { isRemoval: true })).toBe("fenced");
        expect(await versions()).toEqual([1, 2, 3, 4]);
      });

      it("do not come back with a snapshot of the time before the removal", async () => {
        await write(head, 4, ["gone"], { isRemoval: true });
        await journal.keep([snapshot(4, 0)]);
        expect((await journal.replay(entityIn(0), 1, 10)).snapshot).toBeNull();
      });
    });

    describe("a command", () => {
      it("is found by its events or by its outcome, and not before", async () => {
        await claim(a, 0, 1);
        const head = headOf(a, 0, 1);
        const [first, second] = [randomUUID(), randomUUID()];
        const find = (commandId: string, key: string | null) =>
          journal.findCommand({ ...entityIn(0), commandId, key });
        expect(await find(first, null)).toBe(false);
        await write(head, 0, [1], { commandId: first });
        expect(await find(first, null)).toBe(true);
        await write(head, 1, [], { commandId: second, outcome: outcome("k") });
        expect(await find(second, "k")).toBe(true);
        expect(await find(randomUUID(), "k")).toBe(false);
      });
    });

    describe("after an append whose answer is lost", () => {
      it("the lookup is final, whether it had taken effect or not (S5)", async () => {
        await claim(a, 0, 1);
        const head = headOf(a, 0, 1);
        await write(head, 0, [1]);
        const commandId = randomUUID();
        const lost = await harness.loseAnswer(() => write(head, 1, [2], { commandId }));
        expect(lost).toMatchObject({ code: "STORE_UNAVAILABLE" });
        const found = await journal.findCommand({ ...entityIn(0), commandId, key: null });
        const result = await write(head, found ? 2 : 1, [3]);
        expect(result).toBe("committed");
        expect(await eventsOf(entityIn(0))).toEqual(found ? [1, 2, 3] : [1, 3]);
      });
    });
  });
}
