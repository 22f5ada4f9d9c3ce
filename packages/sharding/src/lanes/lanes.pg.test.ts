import { createTestDatabase } from "@leasehold/db/testing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import type { LaneJoinFailedError, ShardingError } from "../errors.ts";
import type { NodeOptions, ShardingNode } from "../node-api.ts";
import { startNode } from "../start-node.ts";
import { Account, Counter } from "./fixtures/entities.ts";

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let clusters = 0;
let cluster = "";

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

interface Started {
  readonly node: ShardingNode;
  readonly logged: string[];
  readonly failures: ShardingError[];
}

async function start(nodeId: string, more: Partial<NodeOptions> = {}): Promise<Started> {
  const logged: string[] = [];
  const failures: ShardingError[] = [];
  const node = await startNode({
    ...{ databaseUrl: database.url, cluster, nodeId, shards: 16, lanes: 2, leaseTtlMs: 1_000 },
    entities: new URL("./fixtures/entities.ts", import.meta.url),
    onFailed: (error) => failures.push(error),
    log: (level, message, fields) =>
      void logged.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
    ...more,
  });
  onTestFinished(() => node.stop().catch(() => undefined));
  return { node, logged, failures };
}

function newCluster(): void {
  clusters += 1;
  cluster = `lanes-${clusters}`;
}

const ids = Array.from({ length: 40 }, (_, index) => `e${index}`);

const addAll = (node: ShardingNode) => Promise.all(ids.map((id) => node.entity(Counter, id).add()));
const valuesOf = (answers: readonly { readonly value: number }[]) => [
  ...new Set(answers.map(({ value }) => value)),
];

const hosted = async (node: ShardingNode, nodeId: string, isEnough: (count: number) => boolean) =>
  await vi.waitFor(
    () => {
      const { shards } = node.authority().state;
      const rows = shards.get("default") ?? [];
      const count = rows.filter((row) => row.state === "hosted" && row.owner.nodeId === nodeId);
      expect(isEnough(count.length), `${nodeId} hosts ${count.length} shards`).toBe(true);
    },
    { timeout: 15_000 },
  );

describe("a node with lanes", () => {
  test("runs entities in as many threads, each in one, and calls go from any to any", async () => {
    newCluster();
    const { node } = await start("a");
    const first = await addAll(node);
    const threads = new Set(first.map(({ where }) => where));
    expect(threads.size).toBe(2);
    expect(threads).not.toContain(0);
    const second = await addAll(node);
    expect(second).toEqual(first.map(({ where }) => ({ where, value: 2 })));
    expect(await Promise.all(ids.map((id) => node.entity(Counter, id).pay("shared")))).toHaveLength(
      40,
    );
    expect(await node.entity(Account, "shared").balance()).toBe(ids.length);
    await vi.waitFor(() => expect(node.counters().entities).toBe(ids.length + 1));
  });

  test("stores what durable entities decide, and runs their timers", async () => {
    newCluster();
    const { node } = await start("a");
    const accounts = ids.map((id) => node.entity(Account, id));
    let heard = 0;
    const subscription = await node.subscribe({ types: ["account"] }, (events) => {
      heard += events.length;
    });
    onTestFinished(() => subscription.close());
    expect(await Promise.all(accounts.map((account) => account.deposit(5)))).toEqual(
      ids.map(() => 5),
    );
    await Promise.all(accounts.map((account) => account.later(2)));
    await vi.waitFor(
      async () =>
        expect(await Promise.all(accounts.map((account) => account.balance()))).toEqual(
          ids.map(() => 7),
        ),
      { timeout: 10_000 },
    );
    await vi.waitFor(() => expect(heard).toBe(2 * ids.length), { timeout: 10_000 });
    await node.stop();
    const { node: next } = await start("b");
    expect(await next.entity(Account, "e7").balance()).toBe(7);
  });

  test("connects each lane through the gate that it was given", async () => {
    newCluster();
    const memory = new SharedArrayBuffer(8);
    const module = new URL("./fixtures/gate.ts", import.meta.url);
    const { node } = await start("a", { laneGate: { module, memory } });
    const [connections, types] = new Int32Array(memory);
    expect([connections, types]).toEqual([0, 2 * 2]);
    await Promise.all(ids.map((id) => node.entity(Account, id).deposit(5)));
    // One that appends and one that reads.
    expect(new Int32Array(memory)[0]).toBe(2 * 2);
  });

  test("hands over to another when it leaves, from lane to lane, and fails no request", async () => {
    newCluster();
    const { node } = await start("a");
    await addAll(node);
    const { node: other } = await start("b", { lanes: 3 });
    await hosted(node, "b", (count) => count >= 6);
    expect(valuesOf(await addAll(other))).toEqual([2]);
    const going = node.drain(10_000);
    const asked = await addAll(other);
    await going;
    expect(valuesOf(asked)).toEqual([3]);
    expect(valuesOf(await addAll(other))).toEqual([4]);
  });

  test.each([
    ["throwLater", "thrown in a lane"],
    ["reject", "nobody caught this"],
  ] as const)("leaves in order when a lane dies of %s, and tells why", async (command, why) => {
    newCluster();
    const { node: other } = await start("b");
    const { node, logged, failures } = await start("a");
    await hosted(other, "a", (count) => count >= 6);
    await addAll(other);
    const { state } = other.authority();
    const onA = new Set(
      (state.shards.get("default") ?? []).flatMap((row, shard) =>
        row.state === "hosted" && row.owner.nodeId === "a" ? [shard] : [],
      ),
    );
    let id = "";
    for (let i = 0; id === ""; i += 1) {
      const answer = await other.ask({ type: "counter", id: `x${i}`, command: "add", input: null });
      if (onA.has(answer.servedBy.shard)) id = `x${i}`;
    }
    await other.ask({ type: "counter", id, command, input: null }).catch(() => undefined);
    await hosted(other, "a", (count) => count === 0);
    expect(failures.map(({ code }) => code)).toEqual(["LANE_JOIN_FAILED"]);
    expect((failures[0] as LaneJoinFailedError).failures[0]?.cause.message).toBe(why);
    await expect(node.stop()).rejects.toThrow(why);
    expect(logged.join("\n")).toContain(why);
    expect(valuesOf(await addAll(other)).length).toBeGreaterThan(0);
  });

  test("goes on with its lease while its lanes are busy, and ends one that never gives its thread back", async () => {
    newCluster();
    const { node, logged } = await start("a");
    const life = node.incarnation();
    // More than a ttl of work for each lane, none of it longer than half of one.
    const busy = ids.slice(0, 12).map((id) => node.entity(Counter, id).spin(300));
    expect(new Set(await Promise.all(busy)).size).toBe(2);
    expect([node.incarnation(), node.isReady()]).toEqual([life, true]);
    const stuck = node.entity(Counter, "e1", { deadlineMs: 8_000 }).spin(60_000);
    await expect(stuck).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN" });
    await expect(node.stop()).rejects.toThrow("it showed no life for 1000 ms");
    expect(logged.join("\n")).toMatch(/a lane is stuck and is ended \{"lane":[01]/);
  });
});

describe("a node whose lanes cannot be as asked for does not start", () => {
  const missing = new URL("fixtures/", import.meta.url);
  const other = new URL("./fixtures/other-entities.ts", import.meta.url);
  const broken = new URL("./fixtures/broken-entities.ts", import.meta.url);

  test.each([
    [{ lanes: 0 }, "LANES_ZERO", "lanes is 0"],
    [{ lanes: 65 }, "LANES_OVERFLOW", "lanes is 65; a node may have 64 at most"],
    [{ lanes: 1.5 }, "OPTIONS_INVALID", "lanes is 1.5"],
    [{ laneInboxCapacity: 0 }, "LANE_INBOX_CAPACITY", "laneInboxCapacity is 0"],
    [{ laneDrainTimeoutMs: 0 }, "OPTIONS_INVALID", "laneDrainTimeoutMs is 0"],
    [{ entities: [Counter] }, "OPTIONS_INVALID", "lanes is 2, and entities are values"],
    [{ entities: missing }, "ERR_MODULE_NOT_FOUND", "fixtures"],
    [
      { entities: other },
      "LANE_SPAWN_FAILED",
      'did not start: its entity type "counter" is volatile, in group "default", with the commands add, remove, and the main thread\'s volatile, in group "default", with the commands add.',
    ],
    [{ entities: broken }, "LANE_SPAWN_FAILED", "this module does not load in a lane"],
  ] as const)("%j: %s", async (more, code, message) => {
    newCluster();
    const started = start("a", more as Partial<NodeOptions>);
    await expect(started).rejects.toMatchObject({ code });
    await expect(started).rejects.toThrow(message);
  });
});
