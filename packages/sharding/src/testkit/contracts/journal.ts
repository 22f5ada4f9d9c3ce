import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NodeRef } from "../../core/ids.ts";
import type {
  Append,
  AppendResult,
  Head,
  Journal,
  NewOutcome,
  StoredEntity,
} from "../../ports/journal.ts";
import type { JournalHarness, MakeJournalHarness } from "./store-harness.ts";

const a: NodeRef = { nodeId: "node-a", incarnation: "00000000-0000-4000-8000-00000000000a" };
const b: NodeRef = { nodeId: "node-b", incarnation: "00000000-0000-4000-8000-00000000000b" };
const group = "default";

const entityIn = (shard: number, id = "x"): StoredEntity => ({
  ...{ group, shard, namespace: "default", type: "register", id },
});

/** The contract of ports/journal.ts. */
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
        ...{ commandId: randomUUID(), outcome: null, ...more },
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
