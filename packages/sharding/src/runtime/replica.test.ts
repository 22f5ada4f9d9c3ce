import { describe, expect, test, vi } from "vitest";
import { MemoryPostgres } from "../adapters/memory/index.ts";
import { ManualClock } from "../adapters/memory/manual-clock.ts";
import { applyEntries, type ClusterState } from "../core/cluster.ts";
import type { ClusterEvent, LogEntry } from "../core/log.ts";
import { Replica } from "./replica.ts";

const node = { nodeId: "n1", incarnation: "0d5f3c1a-1111-4222-8333-444455556666" };
const group: ClusterEvent = {
  type: "group-created",
  group: "default",
  shards: 2,
  strategy: "least-loaded",
};
const joined: ClusterEvent = {
  type: "node-joined",
  ...node,
  address: "",
  zone: "",
  weight: 1,
  labels: {},
};
const turns = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A server with a term and a group, and a copy that has loaded it. */
async function scene() {
  const clock = new ManualClock();
  const server = new MemoryPostgres({ clock });
  const store = server.store();
  await store.raiseTerm(node, 0);
  const seen: number[] = [];
  const reloads: number[] = [];
  const complaints: string[] = [];
  const replica = new Replica(
    store,
    clock,
    {
      entries: (entries) => seen.push(...entries.map((entry) => entry.seq)),
      reload: (state) => reloads.push(state.seq),
    },
    (level, message) => {
      if (level === "error") complaints.push(message);
    },
  );
  const commit = async (event: ClusterEvent): Promise<readonly LogEntry[]> => {
    const before = server.tables.state();
    const after = before.seq;
    const next = applyEntries(before, [{ ...event, seq: after + 1, at: "", term: before.term }]);
    const result = await store.commit({
      term: before.term,
      after,
      events: [event],
      deaths: [],
      next,
    });
    return result.outcome === "committed" ? result.entries : [];
  };
  await replica.load();
  return { clock, server, store, replica, seen, reloads, complaints, commit };
}

const seqOf = (state: ClusterState): number => state.seq;

describe("a node's copy of the log", () => {
  test("takes pushed entries once, whoever brings them first", async () => {
    const { replica, commit, seen } = await scene();
    const entries = await commit(group);
    replica.receive(replica.state.history, entries);
    replica.receive(replica.state.history, entries);
    replica.catchUp();
    await turns();
    expect(seen).toEqual([2]);
    expect(replica.state.groups.get("default")?.shards).toBe(2);
  });

  test("reads what is expected to be pushed only where it does not come", async () => {
    const { replica, commit, seen, clock, store } = await scene();
    const reads = vi.spyOn(store, "readLog");
    const pushed = await commit(group);
    replica.expect(2);
    replica.receive(replica.state.history, pushed);
    clock.advance(100);
    await turns();
    expect(reads).not.toHaveBeenCalled();
    await commit(joined);
    replica.expect(3);
    clock.advance(99);
    await turns();
    expect(seen).toEqual([2]);
    clock.advance(1);
    await turns();
    expect(seen).toEqual([2, 3]);
    expect(reads).toHaveBeenCalledOnce();
  });

  test("fills a gap from Postgres before it goes on", async () => {
    const { replica, commit, seen } = await scene();
    await commit(group);
    const later = await commit(joined);
    replica.receive(replica.state.history, later);
    await turns();
    expect(seen).toEqual([2, 3]);
  });

  test("knows its age: current when it had everything that a heartbeat saw", async () => {
    const { replica, commit, clock } = await scene();
    clock.advance(500);
    expect(replica.ageMs()).toBe(500);
    replica.seen(replica.state.history, seqOf(replica.state), clock.monotonicMs());
    expect(replica.ageMs()).toBe(0);
    clock.advance(100);
    await commit(group);
    replica.seen(replica.state.history, 2, clock.monotonicMs());
    expect(replica.ageMs()).toBe(100);
    await turns();
    expect(replica.ageMs()).toBe(0);
  });

  test("loads itself anew when an entry does not fit, and says so", async () => {
    const { replica, reloads, complaints } = await scene();
    const foreign = {
      type: "shard-pinned",
      group: "nowhere",
      shard: 0,
      seq: 2,
      at: "",
      term: 1,
    } as const;
    replica.receive(replica.state.history, [foreign]);
    await turns();
    expect(complaints).toEqual(["the log does not fit this node's copy; loading it anew"]);
    expect(reloads).toEqual([1, 1]);
    expect(replica.state.seq).toBe(1);
  });

  describe("that is in doubt", () => {
    test("follows what the log says now, where its end was lost and written anew", async () => {
      const { replica, commit, server } = await scene();
      replica.receive(replica.state.history, await commit(group));
      server.tables.loseEntries(1);
      await commit(joined);
      replica.catchUp();
      await turns();
      expect(replica.state.groups.size).toBe(1);
      replica.doubt();
      await turns();
      expect(replica.state).toEqual(server.tables.state());
    });

    test("goes back where the log is shorter now, and remembers how far it was", async () => {
      const { replica, commit, server } = await scene();
      replica.receive(replica.state.history, await commit(group));
      server.tables.loseEntries(1);
      replica.doubt();
      await turns();
      expect(replica.state).toEqual(server.tables.state());
      expect(replica.furthest).toEqual({ history: replica.state.history, seq: 2, term: 1 });
    });

    test("is read anew by the next heartbeat, where Postgres did not answer at first", async () => {
      const { replica, commit, server, clock } = await scene();
      replica.receive(replica.state.history, await commit(group));
      server.tables.loseEntries(1);
      server.stop();
      replica.doubt();
      await turns();
      expect(replica.state.seq).toBe(2);
      server.start();
      replica.seen(replica.state.history, 1, clock.monotonicMs());
      await turns();
      expect(replica.state).toEqual(server.tables.state());
    });
  });

  test("serves pages from memory as far as it reaches", async () => {
    const { replica, commit } = await scene();
    replica.receive(replica.state.history, await commit(group));
    expect(replica.page(1, 10)?.entries.map((entry) => entry.seq)).toEqual([2]);
    expect(replica.page(2, 10)?.entries).toEqual([]);
    expect(replica.page(0, 10)).toBeNull();
  });
});
