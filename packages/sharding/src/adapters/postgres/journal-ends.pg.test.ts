import { randomUUID } from "node:crypto";
import type { Client } from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { NodeRef } from "../../core/ids.ts";
import type { Append, AppendResult, Journal } from "../../ports/journal.ts";
import { type TestCluster, testClusters } from "./fixtures/test-cluster.ts";

const owner: NodeRef = {
  ...{ nodeId: "node-a", incarnation: "00000000-0000-4000-8000-00000000000a" },
};
const group = "default";

/** What a connection knows of the shards that it writes, and what takes that knowledge away. */
describe("a journal that knows what it wrote last", () => {
  const createCluster = testClusters();
  let cluster: TestCluster;
  let sql: Client;
  let journal: Journal;

  beforeEach(async () => {
    cluster = await createCluster();
    sql = await cluster.connect();
    journal = cluster.stores().journal;
    await claim(1);
  });

  afterEach(async () => {
    await cluster.close();
  });

  const claim = (epoch: number) =>
    journal.claim(
      owner,
      [0, 2, 4].map((shard) => ({ group, shard, epoch })),
    );

  const appendOf = (id: string, version: number, more: Partial<Append> = {}): Append => ({
    ...{ group, shard: 0, namespace: "default", type: "register", id, version, epoch: 1 },
    ...{ incarnation: owner.incarnation, commandId: randomUUID(), events: [`${id} ${version}`] },
    ...{ outcome: null, isRemoval: false, timers: null, ...more },
  });

  const append = (id: string, version: number, more: Partial<Append> = {}) =>
    journal.append(appendOf(id, version, more));

  /** In one statement: the first of all calls goes alone. */
  const together = async (...appends: readonly Append[]): Promise<readonly AppendResult[]> => {
    const [first, ...rest] = await Promise.all(
      [appendOf("first", 0, { events: [0], shard: 4 }), ...appends].map((it) => journal.append(it)),
    );
    expect(first).toBe("committed");
    return rest;
  };

  const rows = async () => {
    const { rows: found } = await sql.query<{ seq: number; id: string; version: number }>(
      `select shard_seq::int as seq, entity_id as id, version::int from ${cluster.schema}.journal
       where shard = 0 order by shard_seq`,
    );
    return found.map(({ seq, id, version }) => `${seq} ${id} ${version}`);
  };

  /** As after a failover that lost the last event of the shard. */
  const lose = async () => {
    await sql.query(
      `delete from ${cluster.schema}.journal where shard = 0 and shard_seq =
         (select last_seq from ${cluster.schema}.heads where shard = 0)`,
    );
    await sql.query(`update ${cluster.schema}.heads set last_seq = last_seq - 1 where shard = 0`);
  };

  test("numbers a shard's events without a gap, whichever statement writes them", async () => {
    expect(await append("x", 0)).toBe("committed");
    expect(await append("x", 1)).toBe("committed");
    expect(await append("x", 2, { events: ["a", "b"] })).toBe("committed");
    const outcome = { key: "k", bodyHash: "h", answer: 1, keepForMs: 60_000 };
    expect(await append("x", 4, { outcome })).toBe("committed");
    expect(await append("x", 5)).toBe("committed");
    const several = [appendOf("y", 0, { events: ["a", "b"] }), appendOf("x", 6), appendOf("z", 0)];
    expect(await together(...several)).toEqual(["committed", "committed", "committed"]);
    expect(await append("y", 2)).toBe("committed");
    expect(await rows()).toEqual([
      ...["1 x 1", "2 x 2", "3 x 3", "4 x 4", "5 x 5", "6 x 6"],
      ...["7 y 1", "8 y 2", "9 x 7", "10 z 1", "11 y 3"],
    ]);
  });

  test("a version that is not the entity's is a conflict, known or not, above or below", async () => {
    for (const [version, result] of [
      [1, "conflict"],
      [0, "committed"],
      [0, "conflict"],
      [2, "conflict"],
      [1, "committed"],
      [7, "conflict"],
      [1, "conflict"],
      [2, "committed"],
    ] as const) {
      expect(await append("x", version), `at ${version}`).toBe(result);
    }
    expect(await rows()).toEqual(["1 x 1", "2 x 2", "3 x 3"]);
  });

  test("what was lost since is noticed: alone", async () => {
    await append("x", 0);
    await append("x", 1);
    await lose();
    expect(await append("x", 2)).toBe("conflict");
    expect(await append("x", 1)).toBe("committed");
    expect(await rows()).toEqual(["1 x 1", "2 x 2"]);
  });

  test("what was lost since is noticed: among others, which are written", async () => {
    expect(await together(appendOf("x", 0), appendOf("y", 0))).toEqual(["committed", "committed"]);
    await lose();
    const z = appendOf("z", 0, { shard: 2 });
    expect(await atOnce(z, appendOf("x", 1), appendOf("y", 1))).toEqual([
      ...["committed", "committed", "conflict"],
    ]);
    expect(await rows()).toEqual(["1 x 1", "2 x 2"]);
  });

  const atOnce = async (...appends: readonly Append[]) =>
    await Promise.all(appends.map((it) => journal.append(it)));

  test("one of a batch that does not fit is told, and the others are written", async () => {
    await append("x", 0);
    const results = await together(
      appendOf("x", 1),
      appendOf("x", 5),
      appendOf("y", 0),
      appendOf("z", 0, { epoch: 2 }),
      appendOf("w", 0, { shard: 2, epoch: 9 }),
    );
    expect(results).toEqual(["committed", "conflict", "committed", "fenced", "fenced"]);
    expect(await rows()).toEqual(["1 x 1", "2 x 2", "3 y 1"]);
  });

  test("a text that Postgres cannot store is refused alone, and nothing is known of its shard then", async () => {
    await append("x", 0);
    const bad = appendOf("x", 1, { events: ["\u0000"] });
    const [good, refused] = await Promise.allSettled([
      journal.append(appendOf("y", 0)),
      journal.append(bad),
    ]);
    expect(good).toMatchObject({ status: "fulfilled", value: "committed" });
    expect(refused.status).toBe("rejected");
    expect(await append("x", 1)).toBe("committed");
    expect(await rows()).toEqual(["1 x 1", "2 y 1", "3 x 2"]);
  });

  test("under another epoch nothing is known", async () => {
    await append("x", 0);
    await claim(2);
    expect(await append("x", 1)).toBe("fenced");
    expect(await append("x", 1, { epoch: 2 })).toBe("committed");
    expect(await append("x", 2, { epoch: 2 })).toBe("committed");
  });
});
