import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NodeRef } from "../../core/ids.ts";
import type { Append, AppendResult, Head, Journal, StoredEntity } from "../../ports/journal.ts";
import {
  type TimerChange,
  type TimerRef,
  type TimerSetting,
  untilStartMs,
} from "../../ports/timers.ts";
import type { JournalHarness, MakeJournalHarness } from "./store-harness.ts";

const a: NodeRef = { nodeId: "node-a", incarnation: "00000000-0000-4000-8000-00000000000a" };
const b: NodeRef = { nodeId: "node-b", incarnation: "00000000-0000-4000-8000-00000000000b" };
const group = "default";

const entityIn = (shard: number, id = "x"): StoredEntity => ({
  ...{ group, shard, namespace: "default", type: "auction", id },
});

/** The part of the contract of ports/journal.ts that is about timers. */
export function timersContract(name: string, makeHarness: MakeJournalHarness): void {
  describe(`timers: ${name}`, () => {
    let harness: JournalHarness;
    let journal: Journal;
    let nowMs: number;
    const head: Head = { group, shard: 0, epoch: 1, incarnation: a.incarnation };

    beforeEach(async () => {
      harness = await makeHarness();
      journal = harness.journal;
      await journal.claim(
        a,
        [0, 1].map((shard) => ({ group, shard, epoch: 1 })),
      );
      nowMs = (await journal.dueTimers([], 0, 1)).nowMs;
    });

    afterEach(async () => {
      await harness.close();
    });

    const at = (dueMs: number, more: Partial<TimerSetting> = {}): TimerSetting => ({
      ...{ dueMs, command: "close", input: { b: 1, a: [null] }, recurrence: null, ...more },
    });

    const set = (timer: string, setting: TimerSetting | null): TimerChange => ({
      ...{ name: timer, setting },
    });

    /** @returns the command's id, and what became of it. */
    const write = async (
      changes: readonly TimerChange[],
      more: Partial<Append> & { readonly fired?: TimerRef } = {},
    ): Promise<{ id: string; result: AppendResult }> => {
      const { fired = null, ...rest } = more;
      const id = randomUUID();
      const result = await journal.append({
        ...{ ...entityIn(rest.shard ?? 0), ...head, version: 0, events: [], outcome: null },
        ...{ commandId: id, isRemoval: false, timers: { changes, fired }, ...rest },
      });
      return { id, result };
    };

    const due = async (withinMs = 60_000, shards: readonly number[] = [0, 1]) =>
      (
        await journal.dueTimers(
          shards.map((shard) => ({ group, shard })),
          withinMs,
          10,
        )
      ).timers;

    const names = async (withinMs?: number, shards?: readonly number[]) =>
      (await due(withinMs, shards)).map((timer) => `${timer.shard} ${timer.id} ${timer.name}`);

    it("come back as they were set, with the command that set them", async () => {
      const recurrence = { cron: "0 9 * * *", timeZone: "Europe/Berlin", missed: "each" } as const;
      const { id, result } = await write([set("close", at(nowMs + 1_234, { recurrence }))]);
      expect(result).toBe("committed");
      expect(await due()).toEqual([
        {
          ...{ ...entityIn(0), name: "close", setBy: id, dueMs: nowMs + 1_234, command: "close" },
          ...{ input: { b: 1, a: [null] }, recurrence },
        },
      ]);
      expect(JSON.stringify((await due())[0]?.input)).toBe('{"b":1,"a":[null]}');
    });

    it("are those of the shards that are asked for, due by then, the first ones first", async () => {
      await write([set("later", at(nowMs + 50_000)), set("first", at(nowMs - 5))]);
      await write([set("far", at(nowMs + 500_000))], { id: "y" });
      await write([set("other", at(nowMs + 10))], { shard: 1, id: "z" });
      expect(await names()).toEqual(["0 x first", "1 z other", "0 x later"]);
      expect(await names(60_000, [1])).toEqual(["1 z other"]);
      expect(await names(0, [0])).toEqual(["0 x first"]);
      const shards = [{ group, shard: 0 }];
      expect((await journal.dueTimers(shards, 60_000, 1)).timers).toHaveLength(1);
    });

    it("are told of one entity, whenever they are due", async () => {
      await write([set("later", at(nowMs + 1e9)), set("first", at(nowMs))]);
      await write([set("start", at(untilStartMs, { recurrence: { onStart: true } }))], { id: "y" });
      const of = async (id: string) =>
        (await journal.timersOf(entityIn(0, id))).map((timer) => `${timer.id} ${timer.name}`);
      expect(await of("x")).toEqual(["x first", "x later"]);
      expect(await of("y")).toEqual(["y start"]);
      expect(await of("z")).toEqual([]);
    });

    it("say what time it is on the server", async () => {
      await harness.elapse(30);
      const later = await journal.dueTimers([], 0, 1);
      expect(later.timers).toEqual([]);
      expect(later.nowMs - nowMs).toBeGreaterThanOrEqual(29);
    });

    it("are replaced and taken away by their names, each for itself", async () => {
      await write([set("one", at(nowMs)), set("two", at(nowMs)), set("three", at(nowMs))]);
      await write([set("one", at(nowMs))], { id: "y" });
      const { id } = await write([
        set("one", null),
        set("two", at(nowMs + 7, { input: null, command: "other" })),
        set("never was", null),
      ]);
      expect((await names()).toSorted()).toEqual(["0 x three", "0 x two", "0 y one"]);
      const two = (await due()).find((timer) => timer.name === "two");
      expect(two).toMatchObject({ setBy: id, dueMs: nowMs + 7, input: null, command: "other" });
    });

    it("are set by what is committed only: not by a former owner, nor by a conflict", async () => {
      expect((await write([set("t", at(nowMs))], { version: 3 })).result).toBe("conflict");
      await journal.claim(b, [{ group, shard: 0, epoch: 2 }]);
      expect((await write([set("t", at(nowMs))])).result).toBe("fenced");
      expect(await names()).toEqual([]);
    });

    it("go with others in one statement, with timers or without", async () => {
      const plain = (id: string) =>
        journal.append({
          ...{ ...entityIn(0, id), ...head, version: 0, events: [id], outcome: null },
          ...{ commandId: randomUUID(), isRemoval: false, timers: null },
        });
      const all = [
        ...[plain("p"), write([set("t", at(nowMs))], { id: "q", events: [1] })],
        ...[plain("r"), write([set("t", at(nowMs + 1))], { id: "s" })],
      ];
      const results = (await Promise.all(all)).map((one) =>
        typeof one === "string" ? one : one.result,
      );
      expect(results).toEqual(["committed", "committed", "committed", "committed"]);
      expect(await names()).toEqual(["0 q t", "0 s t"]);
      expect(await journal.read(entityIn(0, "q"), 0, 9)).toEqual([{ version: 1, event: 1 }]);
      expect(await journal.read(entityIn(0, "r"), 0, 9)).toEqual([{ version: 1, event: "r" }]);
    });

    it("that wait for a start are due when it is said, in the shards that it is said of", async () => {
      const recurrence = { onStart: true } as const;
      const { id } = await write([set("s", at(untilStartMs, { recurrence })), set("t", null)]);
      await write([set("s", at(untilStartMs, { recurrence }))], { shard: 1 });
      await write([set("far", at(nowMs + 1e9))]);
      expect(await names()).toEqual([]);
      await journal.startTimers([{ group, shard: 0 }]);
      expect(await names(0)).toEqual(["0 x s"]);
      const [due0] = await due(0);
      expect(due0).toMatchObject({ setBy: id, recurrence });
      expect(due0?.dueMs).toBeGreaterThanOrEqual(nowMs);
      expect(Number.isInteger(due0?.dueMs)).toBe(true);
      const fired = { name: "s", setBy: id };
      await write([set("s", at(untilStartMs, { recurrence }))], { fired });
      expect(await names()).toEqual([]);
    });

    it("leave nothing behind when they are taken away: 10,000 times", async () => {
      const ids = Array.from({ length: 100 }, (_, n) => `e${n}`);
      const setting = at(untilStartMs, { recurrence: { onStart: true } });
      for (let round = 0; round < 100; round += 1) {
        await Promise.all(ids.map((id) => write([set("start", setting)], { id })));
        await Promise.all(ids.map((id) => write([set("start", null)], { id })));
      }
      await journal.startTimers([{ group, shard: 0 }]);
      expect(await names(Number.MAX_SAFE_INTEGER / 1e6)).toEqual([]);
    }, 20_000);

    describe("that have fired", () => {
      it("take effect once: then they are not as they were", async () => {
        const { id } = await write([set("t", at(nowMs))]);
        const fired = { name: "t", setBy: id };
        const once = await write([set("t", null)], { fired, events: ["rang"] });
        expect(once.result).toBe("committed");
        const again = await write([set("t", null)], { fired, events: ["rang"], version: 1 });
        expect(again.result).toBe("conflict");
        expect(await journal.read(entityIn(0), 0, 9)).toHaveLength(1);
      });

      it("come again under the command that set them again", async () => {
        const { id } = await write([set("t", at(nowMs))]);
        const fired = { name: "t", setBy: id };
        const next = await write([set("t", at(nowMs + 9))], { fired });
        expect(await due()).toMatchObject([{ name: "t", setBy: next.id, dueMs: nowMs + 9 }]);
        expect((await write([set("t", at(nowMs + 9))], { fired })).result).toBe("conflict");
      });

      it("take no effect where they were taken away, or are another entity's", async () => {
        const { id } = await write([set("t", at(nowMs))]);
        const fired = { name: "t", setBy: id };
        expect((await write([], { fired, id: "y" })).result).toBe("conflict");
        await write([set("t", null)]);
        expect((await write([], { fired })).result).toBe("conflict");
      });
    });

    describe("of an entity that is removed", () => {
      it("go with it, and no other's", async () => {
        await write([set("t", at(nowMs)), set("u", at(nowMs))]);
        await write([set("t", at(nowMs))], { id: "y" });
        const removal = { events: ["gone"], isRemoval: true, timers: null };
        expect((await write([], { ...removal, version: 5 })).result).toBe("conflict");
        expect(await names()).toHaveLength(3);
        expect((await write([], removal)).result).toBe("committed");
        expect(await names()).toEqual(["0 y t"]);
      });

      it("may have run the command that removes it", async () => {
        const { id } = await write([set("t", at(nowMs))]);
        const removal = { events: ["gone"], isRemoval: true };
        const stale = { name: "t", setBy: randomUUID() };
        expect((await write([], { ...removal, fired: stale })).result).toBe("conflict");
        const fired = { name: "t", setBy: id };
        expect((await write([], { ...removal, fired })).result).toBe("committed");
        expect(await names()).toEqual([]);
      });
    });
  });
}
