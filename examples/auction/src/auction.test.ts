import type { DaemonDefinition, ShardingNode } from "@leasehold/sharding";
import { ownerOf, shardOf } from "@leasehold/sharding/observe";
import { MemoryCluster } from "@leasehold/sharding/testkit";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Lot } from "./lot.ts";
import { Purse } from "./purse.ts";
import type { LotState, PurseState } from "./rules.ts";
import { Settler, settle } from "./settler.ts";

const shards = 8;
let cluster: MemoryCluster;

afterEach(async () => {
  await cluster.stop();
  vi.useRealTimers();
});

async function start(daemons: readonly DaemonDefinition[]): Promise<void> {
  // Lots ask what time it is; here it passes when the cluster's does.
  vi.useFakeTimers({ toFake: ["Date"], now: 0 });
  cluster = new MemoryCluster({ entities: [Lot, Purse], daemons, shards });
  for (let index = 1; index <= 3; index += 1) cluster.add(`node-${index}`);
  await cluster.until("every shard is hosted", () => cluster.isAllHosted());
}

const anyNode = (): ShardingNode => {
  const [first] = cluster.nodes.values();
  if (first === undefined) throw new Error("No node is left.");
  return first.node;
};
const lot = () => anyNode().entity(Lot, "lot");
const purse = (name: string) => anyNode().entity(Purse, name);

function ask<T>(asked: Promise<T>): Promise<T> {
  vi.setSystemTime(cluster.clock.monotonicMs());
  return cluster.result(asked);
}

function killHomeOf(type: string, id: string): void {
  const row = cluster.rows()[shardOf("default", type, id, shards)];
  const { nodeId = "" } = (row === undefined ? null : ownerOf(row)) ?? {};
  cluster.nodes.get(nodeId)?.kill();
}

async function stored(type: string, id: string) {
  const view = (await ask(anyNode().look({ type, id }))).stored;
  if (view === null) throw new Error(`${type} ${id} is not durable.`);
  return view;
}
const lotState = async () => (await stored("lot", "lot")).state as LotState;
const balanceOf = async (name: string) =>
  ((await stored("purse", name)).state as PurseState).balance;

/** Ada has bid 120 for a lot of Sam's, which closes in a second. */
async function openWithBid(): Promise<void> {
  await ask(purse("ada").open());
  await ask(lot().open({ title: "Sextant", seller: "sam", reserve: 100, closesInMs: 1_000 }));
  await ask(lot().bid({ bidder: "ada", amount: 120 }));
}

describe("a sale", () => {
  const sale = { winner: "ada", seller: "sam", price: 120 };

  /** A settler that dies before it asks for more. */
  const dyingAfter = (asks: number): Pick<ShardingNode, "entity"> => {
    let left = asks;
    return {
      entity: (...call) => {
        left -= 1;
        if (left < 0) throw new Error("It died.");
        return anyNode().entity(...call);
      },
    };
  };

  test.each([0, 1, 2])("is paid once where its settler dies after %i steps", async (steps) => {
    await start([]);
    await openWithBid();
    await cluster.run(1_500);
    await expect(ask(settle(dyingAfter(steps), "lot", sale))).rejects.toThrow("It died.");
    killHomeOf("purse", "ada");
    await cluster.until("every shard is hosted", () => cluster.isAllHosted());
    await ask(settle(anyNode(), "lot", sale));
    await ask(settle(anyNode(), "lot", sale));
    expect([await balanceOf("ada"), await balanceOf("sam")]).toEqual([880, 120]);
    expect(await lotState()).toMatchObject({ phase: "settled", paid: true });
  });

  test("is void where the purse is too small, and nobody gets anything", async () => {
    await start([]);
    await ask(lot().open({ title: "Sextant", seller: "sam", reserve: 100, closesInMs: 1_000 }));
    await ask(lot().bid({ bidder: "ada", amount: 120 }));
    await cluster.run(1_500);
    await ask(settle(anyNode(), "lot", sale));
    expect([await balanceOf("ada"), await balanceOf("sam")]).toEqual([0, 0]);
    expect(await lotState()).toMatchObject({ phase: "settled", paid: false });
  });
});

describe("a lot", () => {
  test("closes by its timer only", async () => {
    await start([]);
    await openWithBid();
    await expect(ask(lot().close())).rejects.toMatchObject({ code: "NOT_BY_HAND", status: 403 });
    await expect(ask(lot().settle({ paid: true }))).rejects.toMatchObject({ code: "NOTHING_OWED" });
    await cluster.run(1_500);
    expect(await lotState()).toMatchObject({ phase: "closed", best: { bidder: "ada" } });
    await expect(ask(lot().bid({ bidder: "bob", amount: 200 }))).rejects.toMatchObject({
      ...{ code: "LOT_CLOSED", status: 409 },
    });
  });

  test("whose node dies before the end goes to the last bid that was accepted", async () => {
    await start([Settler]);
    await openWithBid();
    await ask(purse("bob").open());
    await cluster.run(700);
    killHomeOf("lot", "lot");
    const accepted = [{ bidder: "ada", amount: 120 }];
    for (const bid of [
      { bidder: "bob", amount: 150 },
      { bidder: "ada", amount: 170 },
      { bidder: "bob", amount: 190 },
    ]) {
      const key = `bid-${bid.amount}`;
      await ask(anyNode().entity(Lot, "lot", { key }).bid(bid)).then(
        () => accepted.push(bid),
        (error) => expect(error).toMatchObject({ code: "LOT_CLOSED" }),
      );
    }
    const best = accepted.at(-1);
    await cluster.run(5_000);
    expect(await lotState()).toMatchObject({ phase: "settled", paid: true, best });
    const names = (await stored("lot", "lot")).events.map(({ type }) => type);
    expect(names).toEqual(["opened", ...accepted.map(() => "bid"), "closed", "settled"]);
    expect(await balanceOf(best?.bidder ?? "")).toBe(1_000 - (best?.amount ?? 0));
    expect(await balanceOf("sam")).toBe(best?.amount);
  });
});
