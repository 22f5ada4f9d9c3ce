import { randomUUID } from "node:crypto";
import type { Client } from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NodeRef } from "../../core/ids.ts";
import type { Append, AppendResult, Journal } from "../../ports/journal.ts";
import { waitUntil } from "../../testkit/contracts/wait-until.ts";
import { blackHole } from "./fixtures/black-hole.ts";
import { type TestCluster, testClusters } from "./fixtures/test-cluster.ts";
import { KnownEnds } from "./known-ends.ts";
import { valuesOfMany, valuesOfOne } from "./plain-appends.ts";
import { appendEvents } from "./sql/append-events.ts";
import { appendMany, appendOne } from "./sql/append-plain.ts";
import { claimHeads } from "./sql/claim-heads.ts";
import { writtenAppend } from "./written-append.ts";

const a: NodeRef = { nodeId: "node-a", incarnation: "00000000-0000-4000-8000-00000000000a" };
const b: NodeRef = { nodeId: "node-b", incarnation: "00000000-0000-4000-8000-00000000000b" };
const group = "default";

/**
 * An owner's append and its successor's claim meet on the head while neither has committed: the
 * interleavings that no amount of parallel calls is sure to hit. One of the two is played by an open
 * transaction that runs the very statement.
 */
describe.each(["any", "one", "many"] as const)("an append of %s and a claim that meet", (kind) => {
  const createCluster = testClusters();
  let cluster: TestCluster;
  let other: Client;
  let journal: Journal;

  beforeEach(async () => {
    cluster = await createCluster();
    other = await cluster.connect();
    // Shards 0 and 2 share a connection.
    journal = cluster.stores({ timeoutMs: 4_000, journalLanes: 2 }).journal;
    await journal.claim(
      a,
      [0, 1, 2, 3].map((shard) => ({ group, shard, epoch: 1 })),
    );
  });

  afterEach(async () => {
    await cluster.close();
  });

  const entity = (shard: number) => ({
    ...{ group, shard, namespace: "default", type: "register", id: "x" },
  });

  const newAppend = (owner: NodeRef, epoch: number, version: number, shard: number): Append => ({
    ...{ ...entity(shard), epoch, incarnation: owner.incarnation, version },
    ...{ commandId: randomUUID(), events: [`by ${owner.nodeId}`] },
    ...{ outcome: null, isRemoval: false, timers: null },
  });

  const append = async (
    ...[owner, epoch, version = 0, shard = 0]: [NodeRef, number, number?, number?]
  ): Promise<AppendResult> => {
    const asked = journal.append(newAppend(owner, epoch, version, shard));
    // In the same turn, and so in the same statement: of another shard, which nobody takes from node a.
    const beside = { ...newAppend(owner, 1, 0, shard + 2), id: randomUUID() };
    const besides = kind === "many" ? [journal.append(beside)] : [];
    return (await Promise.all([asked, ...besides]))[0];
  };

  const events = async (shard = 0) =>
    (await journal.read(entity(shard), 0, 10)).map(({ event }) => event);

  const claimAs = (owner: NodeRef, epoch: number, shard = 0) =>
    journal.claim(owner, [{ group, shard, epoch }]);

  /** The same statements, in the open transaction. */
  const claimSlowly = async (owner: NodeRef, epoch: number) => {
    const claims = JSON.stringify([{ group_name: group, shard: 0, epoch }]);
    await other.query("begin");
    await other.query(claimHeads(cluster.schema), [claims, owner.incarnation]);
  };

  const appendSlowly = async (client: Client, owner: NodeRef, shards: readonly number[] = [0]) => {
    await client.query("begin");
    if (kind !== "any") return await appendPlainly(client, owner, shards);
    const items = shards.map((shard, n) => ({
      ...{ n, group_name: group, shard, epoch: 1, incarnation: owner.incarnation },
      ...{ namespace: "default", entity_type: "register", entity_id: "x", version: 0 },
      ...{ command_id: randomUUID(), events: [`by ${owner.nodeId}`] },
    }));
    await client.query(appendEvents(cluster.schema), [JSON.stringify(items)]);
  };

  const appendPlainly = async (client: Client, owner: NodeRef, shards: readonly number[]) => {
    const batch = shards.map((shard) => {
      return writtenAppend(newAppend(owner, 1, 0, shard));
    });
    const [first] = batch;
    if (kind === "one" && first !== undefined && batch.length === 1) {
      return void (await client.query(appendOne(cluster.schema), valuesOfOne(first)));
    }
    const many = valuesOfMany(batch, new KnownEnds());
    await client.query(appendMany(cluster.schema), many?.values);
  };

  const waits = (count = 1) =>
    waitUntil("the statement waited for the other one", async () => {
      return (await cluster.waiting()) === count;
    });

  it("accept, then take-over: the new owner reads what was accepted (S5)", async () => {
    await appendSlowly(other, a);
    const claimed = claimAs(b, 2);
    await other.query("commit");
    expect(await claimed).toEqual(["claimed"]);
    expect(await events()).toEqual(["by node-a"]);
    expect(await append(a, 1, 1)).toBe("fenced");
    expect(await append(b, 2, 1)).toBe("committed");
  });

  it("a take-over in flight: the old owner waits for it, and is fenced (S4)", async () => {
    await claimSlowly(b, 2);
    const late = append(a, 1);
    await waits();
    await other.query("commit");
    expect(await late).toBe("fenced");
    expect(await events()).toEqual([]);
  });

  it("an append that has not committed: followers see neither it nor what waits behind it, then both in order", async () => {
    const { feed } = cluster.stores();
    const filter = { namespaces: null, types: null, id: null, withEvents: true };
    const after = [{ group, shard: 0, seq: 0 }];
    const followed = async () => {
      const { events: found } = await feed.read({ after, limit: 10, sizeLimit: 1_000_000, filter });
      return found.map(({ seq, id }) => [seq, id]);
    };
    await appendSlowly(other, a);
    const next = journal.append({
      ...{ ...entity(0), id: "y", epoch: 1, incarnation: a.incarnation, version: 0 },
      ...{ commandId: randomUUID(), events: ["y"], outcome: null, isRemoval: false, timers: null },
    });
    await waits();
    expect(await feed.ends()).toEqual([]);
    expect(await followed()).toEqual([]);
    await other.query("commit");
    expect(await next).toBe("committed");
    expect(await followed()).toEqual([
      [1, "x"],
      [2, "y"],
    ]);
  });

  it("a take-over that is rolled back leaves the old owner in its right", async () => {
    await claimSlowly(b, 2);
    const late = append(a, 1);
    await waits();
    await other.query("rollback");
    expect(await late).toBe("committed");
  });

  it("a take-over under the same epoch by another life fences, too (S4)", async () => {
    const restored = `update ${cluster.schema}.heads set incarnation = '${b.incarnation}'`;
    await other.query("begin");
    await other.query(restored);
    const late = append(a, 1);
    await waits();
    await other.query("commit");
    expect(await late).toBe("fenced");
    expect(await append(b, 1)).toBe("committed");
  });

  it("an append that is taken back leaves no gap in the shard's numbers", async () => {
    await append(a, 1);
    await appendSlowly(other, a, [1]);
    await other.query("rollback");
    await append(a, 1, 1);
    const { rows } = await other.query(
      `select shard_seq::int as seq, version::int from ${cluster.schema}.journal
       where shard = 0 order by 1`,
    );
    expect(rows).toEqual([
      { seq: 1, version: 1 },
      { seq: 2, version: 2 },
    ]);
  });

  it("an append that hangs keeps its own shard waiting, and no other one", async () => {
    await appendSlowly(other, a);
    const results = await journal.claim(
      b,
      [0, 1].map((shard) => ({ group, shard, epoch: 2 })),
    );
    expect(results).toEqual(["busy", "claimed"]);
    await other.query("commit");
    expect(await claimAs(b, 2)).toEqual(["claimed"]);
  });

  describe("where the old owner froze in the middle of an append", () => {
    let frozen: Client;
    let ended: Promise<unknown>;

    beforeEach(async () => {
      frozen = await cluster.connect();
      ended = new Promise((resolve) => frozen.once("error", resolve));
      await frozen.query("select set_config('application_name', $1, false)", [
        `journal ${a.incarnation} ${a.nodeId}`,
      ]);
      await appendSlowly(frozen, a);
    });

    const lease = (state: string) =>
      other.query(
        `insert into ${cluster.schema}.leases values
         ('node-a', $1, '', null, null, null, null, $2, 0, 1, 1, '', '')`,
        [a.incarnation, state],
      );

    it("its backend is ended when its lease is dead, and nothing of it commits", async () => {
      await lease("dead");
      expect(await claimAs(b, 2)).toEqual(["claimed"]);
      await ended;
      expect(await events()).toEqual([]);
    });

    it("its backend is left alone while its lease is alive", async () => {
      await lease("alive");
      expect(await claimAs(b, 2)).toEqual(["busy"]);
      await frozen.query("commit");
      expect(await events()).toEqual(["by node-a"]);
    });
  });

  it("the connection that its own node gave up is ended before anything is looked up", async () => {
    const { stream, sever } = blackHole();
    const own = cluster.stores({ timeoutMs: 800, stream }).journal;
    await own.claim(a, [{ group, shard: 0, epoch: 3 }]);
    const commandId = randomUUID();
    const item = {
      ...entity(0),
      epoch: 3,
      incarnation: a.incarnation,
      outcome: null,
      isRemoval: false,
      timers: null,
    };
    await own.append({ ...item, version: 0, commandId: randomUUID(), events: [1] });
    const backends = async () => {
      const { rows } = await other.query<{ pid: number }>(
        `select pid from pg_stat_activity
         where application_name like 'journal %' and datname = current_database()`,
      );
      return rows.map(({ pid }) => pid);
    };
    const before = await backends();
    sever();
    const lost = own.append({ ...item, version: 1, commandId, events: [2] });
    await expect(lost).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(await backends()).toEqual(before);
    expect(await own.findCommand({ ...entity(0), commandId, key: null })).toBe(false);
    expect((await backends()).filter((pid) => before.includes(pid))).toEqual([]);
  });

  it("outcomes that have expired are removed while new ones are kept", async () => {
    const tidy = cluster.stores({ pruneEveryMs: 0 }).journal;
    const keep = (key: string, version: number, keepForMs: number) =>
      tidy.append({
        ...{ ...entity(0), epoch: 1, incarnation: a.incarnation, version, events: [version] },
        commandId: randomUUID(),
        outcome: { key, bodyHash: "h", answer: null, keepForMs },
        isRemoval: false,
        timers: null,
      });
    await keep("old", 0, 0);
    await keep("new", 1, 60_000);
    await waitUntil("only the outcome that holds is left", async () => {
      const { rows } = await other.query(`select key from ${cluster.schema}.outcomes`);
      return JSON.stringify(rows) === '[{"key":"new"}]';
    });
  });

  it("a lock that is not had in time takes no effect, and is told as unknown", async () => {
    await claimSlowly(b, 2);
    const hasty = cluster.stores({ timeoutMs: 600 }).journal;
    const late = hasty.append({
      ...{ ...entity(0), epoch: 1, incarnation: a.incarnation, version: 0 },
      ...{ commandId: randomUUID(), events: [1], outcome: null, isRemoval: false, timers: null },
    });
    await expect(late).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await other.query("rollback");
    expect(await events()).toEqual([]);
  });
});
