import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { applyEntries, type ClusterState, emptyCluster } from "../../core/cluster.ts";
import type { NodeRef } from "../../core/ids.ts";
import type { ClusterEvent, LogEntry, NodeInfo } from "../../core/log.ts";
import type { LeaseSession } from "../../ports/lease-session.ts";
import type {
  CommitRequest,
  CommitResult,
  DeathDeclaration,
  StateStore,
} from "../../ports/state-store.ts";
import { batchAfter, clusterHistory, stateAfter } from "./cluster-history.ts";
import type { MakeStoreHarness, StoreHarness } from "./store-harness.ts";
import { waitUntil } from "./wait-until.ts";

const a: NodeRef = { nodeId: "node-a", incarnation: "00000000-0000-4000-8000-00000000000a" };
const b: NodeRef = { nodeId: "node-b", incarnation: "00000000-0000-4000-8000-00000000000b" };

const infoOf = (node: NodeRef): NodeInfo => ({
  ...node,
  address: `http://${node.nodeId}`,
  zone: "",
  weight: 1,
  labels: { rack: "7" },
});

const group = "default";

const founding = (shards: number): readonly ClusterEvent[] => [
  { type: "group-created", group, shards, strategy: "least-loaded" },
  { type: "node-joined", ...infoOf(a) },
  { type: "node-joined", ...infoOf(b) },
];

const assigned = (shard: number, to: NodeRef, epoch: number): ClusterEvent => ({
  type: "shard-assigned",
  group,
  shard,
  ...to,
  epoch,
  cause: "allocated",
  carried: null,
});

/** A coordinator as far as the store sees one: it keeps the state that it has committed. */
class Writer {
  readonly #store: StateStore;
  state: ClusterState;

  constructor(store: StateStore, state: ClusterState) {
    this.#store = store;
    this.state = state;
  }

  static async elect(store: StateStore, by: NodeRef): Promise<Writer> {
    const before = await store.load();
    const entry = await store.raiseTerm(by, before.term);
    if (entry === null) throw new Error(`The term was not ${before.term} any more.`);
    return new Writer(store, applyEntries(before, [entry]));
  }

  request(
    events: readonly ClusterEvent[],
    deaths: readonly DeathDeclaration[] = [],
  ): CommitRequest {
    const { term, seq } = this.state;
    return { term, after: seq, events, next: stateAfter(this.state, events), deaths };
  }

  async commit(
    events: readonly ClusterEvent[],
    deaths: readonly DeathDeclaration[] = [],
  ): Promise<CommitResult> {
    const result = await this.#store.commit(this.request(events, deaths));
    if (result.outcome === "committed") this.state = applyEntries(this.state, result.entries);
    return result;
  }
}

async function wholeLog(store: StateStore): Promise<readonly LogEntry[]> {
  return (await store.readLog(0, 1_000_000)).entries;
}

/** S7: the tables are the log's fold, down to the order of the maps. */
async function expectTablesToBeTheFold(store: StateStore): Promise<ClusterState> {
  const state = await store.load();
  const fold = applyEntries(emptyCluster(state.history), await wholeLog(store));
  expect(state).toEqual(fold);
  for (const map of ["groups", "nodes", "shards", "plans"] as const) {
    expect([...state[map].keys()]).toEqual([...fold[map].keys()]);
  }
  return state;
}

/** The contract of ports/state-store.ts. One file, because its histories and its races check the same tables, and are read beside the port. */
export function stateStoreContract(name: string, makeHarness: MakeStoreHarness): void {
  describe(`state store: ${name}`, () => {
    let harness: StoreHarness;
    let store: StateStore;

    beforeEach(async () => {
      harness = await makeHarness();
      store = harness.store;
    });

    afterEach(async () => {
      await harness.close();
    });

    describe("a term", () => {
      it("is 0 with an empty log before the first coordinator", async () => {
        const state = await store.load();
        expect(state).toEqual(emptyCluster(state.history));
        expect(await store.readLog(0, 10)).toEqual({
          history: state.history,
          oldest: 0,
          entries: [],
        });
      });

      it("is raised by one, and the log says by whom", async () => {
        const entry = await store.raiseTerm(a, 0);
        expect(entry).toEqual({
          type: "coordinator-elected",
          ...a,
          seq: 1,
          term: 1,
          at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        });
        expect(await wholeLog(store)).toEqual([entry]);
        expect((await expectTablesToBeTheFold(store)).coordinator).toEqual(a);
      });

      it("is of a timeline, which is accepted once it was waited for, and no other", async () => {
        const { history, term, timeline, acceptedTimeline } = await store.standing();
        expect({ term, acceptedTimeline }).toEqual({ term: 0, acceptedTimeline: null });
        expect(await store.acceptTimeline(timeline + 1)).toBe(false);
        expect((await store.standing()).acceptedTimeline).toBeNull();
        expect(await store.acceptTimeline(timeline)).toBe(true);
        await store.raiseTerm(a, 0);
        const standing = { history, term: 1, timeline, acceptedTimeline: timeline };
        expect(await store.standing()).toEqual(standing);
        expect((await store.load()).history).toBe(history);
      });

      it("is raised from the expected one only", async () => {
        await store.raiseTerm(a, 0);
        expect(await store.raiseTerm(b, 0)).toBeNull();
        expect(await store.raiseTerm(b, 2)).toBeNull();
        expect((await store.raiseTerm(b, 1))?.term).toBe(2);
      });

      it("raised by somebody who has seen less, as much, or another history goes on with this one", async () => {
        await store.raiseTerm(a, 0);
        const { history } = await store.load();
        await store.raiseTerm(a, 1, { history, seq: 0, term: 0 });
        await store.raiseTerm(a, 2, { history, seq: 2, term: 2 });
        const entry = await store.raiseTerm(a, 3, { history: randomUUID(), seq: 99, term: 99 });
        expect(entry).toMatchObject({ seq: 4, term: 4 });
        expect((await store.load()).history).toBe(history);
      });

      it("raised by somebody who has seen more begins another history, above every term that was seen", async () => {
        await store.raiseTerm(a, 0);
        const { history } = await store.load();
        const entry = await store.raiseTerm(b, 1, { history, seq: 7, term: 5 });
        expect(entry).toMatchObject({ seq: 2, term: 6, nodeId: b.nodeId });
        const after = await store.load();
        expect(after).toMatchObject({ seq: 2, term: 6, coordinator: b });
        expect(after.history).not.toBe(history);
        expect((await store.readLog(0, 10)).history).toBe(after.history);
        expect(await wholeLog(store)).toHaveLength(2);
        // Once: the next one has followed the new history.
        await store.raiseTerm(b, 6, { history, seq: 7, term: 5 });
        expect((await store.load()).history).toBe(after.history);
      });

      it("is raised by exactly one of many that try at once", async () => {
        const entries = await Promise.all(
          Array.from({ length: 8 }, (_, i) =>
            store.raiseTerm({ nodeId: `node-${i}`, incarnation: randomUUID() }, 0),
          ),
        );
        expect(entries.filter((entry) => entry !== null)).toHaveLength(1);
        await expectTablesToBeTheFold(store);
      });
    });

    describe("a commit", () => {
      it("writes rows and log together, and answers with the entries as they are read", async () => {
        const writer = await Writer.elect(store, a);
        const result = await writer.commit([...founding(4), assigned(2, b, 1)]);
        expect(result.outcome).toBe("committed");
        const entries = result.outcome === "committed" ? result.entries : [];
        expect(entries.map(({ seq, term }) => [seq, term])).toEqual([
          [2, 1],
          [3, 1],
          [4, 1],
          [5, 1],
        ]);
        expect(await wholeLog(store)).toEqual([expect.anything(), ...entries]);
        const state = await expectTablesToBeTheFold(store);
        expect(state.shards.get(group)?.map((row) => row.state)).toEqual([
          "unallocated",
          "unallocated",
          "starting",
          "unallocated",
        ]);
      });

      it("of a deposed term writes nothing, and says which term is the present one (S3)", async () => {
        const old = await Writer.elect(store, a);
        await old.commit(founding(4));
        const next = await Writer.elect(store, b);
        expect(await old.commit([assigned(0, a, 1)])).toEqual({ outcome: "deposed", term: 2 });
        expect(await store.load()).toEqual(next.state);
        expect((await next.commit([assigned(0, b, 1)])).outcome).toBe("committed");
        await expectTablesToBeTheFold(store);
      });

      it("based on another seq writes nothing", async () => {
        const writer = await Writer.elect(store, a);
        await writer.commit(founding(4));
        const early = { ...writer.request([assigned(0, a, 1)]), after: writer.state.seq - 1 };
        const late = { ...writer.request([assigned(0, a, 1)]), after: writer.state.seq + 1 };
        expect(await store.commit(early)).toEqual({ outcome: "deposed", term: 1 });
        expect(await store.commit(late)).toEqual({ outcome: "deposed", term: 1 });
        expect(await store.load()).toEqual(writer.state);
      });

      it("sent twice at once takes effect once", async () => {
        const writer = await Writer.elect(store, a);
        await writer.commit(founding(4));
        const request = writer.request([assigned(0, a, 1)]);
        const results = await Promise.all([store.commit(request), store.commit(request)]);
        expect(results.map(({ outcome }) => outcome).sort()).toEqual(["committed", "deposed"]);
        await expectTablesToBeTheFold(store);
      });

      it("never leaves a gap, however many terms write at once (S7)", async () => {
        const founder = await Writer.elect(store, a);
        await founder.commit(founding(4));
        const race = async (by: NodeRef, rounds: number) => {
          for (let round = 0; round < rounds; round += 1) {
            const writer = await Writer.elect(store, by).catch(() => null);
            const epoch = Math.max(
              0,
              ...(writer?.state.shards.get(group) ?? []).map((r) => r.epoch),
            );
            await writer?.commit([assigned(0, by, epoch + 1), assigned(1, by, epoch + 2)]);
          }
        };
        await Promise.all([race(a, 12), race(b, 12), race(a, 12)]);
        const log = await wholeLog(store);
        expect(log.map(({ seq }) => seq)).toEqual(log.map((_, i) => i + 1));
        const terms = log.map(({ term }) => term);
        expect(terms).toEqual([...terms].sort((x, y) => x - y));
        await expectTablesToBeTheFold(store);
      });

      it("in which an epoch would go down fails, and writes nothing (S2)", async () => {
        const writer = await Writer.elect(store, a);
        await writer.commit(founding(4));
        // What a coordinator would ask for that had not seen its own last commit.
        const blind = writer.request([assigned(0, b, 4)]);
        await writer.commit([assigned(0, a, 5)]);
        const before = await store.load();
        await expect(store.commit({ ...blind, after: before.seq })).rejects.toThrow("epoch");
        expect(await store.load()).toEqual(before);
        expect(await wholeLog(store)).toHaveLength(before.seq);
      });

      it("of 10,000 assignments is one round trip, and loads again as it was", async () => {
        const shards = 10_000;
        const writer = await Writer.elect(store, a);
        await writer.commit(founding(shards));
        const events = Array.from({ length: shards }, (_, i) => assigned(i, i % 2 ? a : b, 1));
        const request = writer.request(events);
        const commitMs = await timed(async () => {
          expect((await store.commit(request)).outcome).toBe("committed");
        });
        const loadMs = await timed(async () => {
          await store.load();
        });
        process.stdout.write(`${name}, 10,000 shards: commit ${commitMs} ms, load ${loadMs} ms\n`);
        expect(commitMs).toBeLessThan(3_000);
        expect(loadMs).toBeLessThan(1_000);
        await expectTablesToBeTheFold(store);
      });
    });

    describe("a declared death", () => {
      let session: LeaseSession;
      let writer: Writer;

      const death = (renewals: number, node = b): DeathDeclaration => ({
        ...node,
        renewals,
        proof: "watched",
      });
      const dead: ClusterEvent = { type: "node-dead", ...b, proof: "watched" };
      const stateOf = async (nodeId: string) => (await session.read(nodeId))?.state;
      const take = async (node: NodeRef) =>
        await session.take(
          { ...node, address: "", process: null },
          await session.read(node.nodeId),
        );

      beforeEach(async () => {
        session = await harness.sessions.open({ holder: a, ttlMs: 10_000, timeoutMs: 5_000 });
        await take(a);
        await take(b);
        writer = await Writer.elect(store, a);
        await writer.commit(founding(4));
      });

      afterEach(async () => {
        await session.close();
      });

      it("becomes a row together with what follows from it", async () => {
        const result = await writer.commit([dead, assigned(0, a, 1)], [death(0)]);
        expect(result.outcome).toBe("committed");
        expect(await stateOf("node-b")).toBe("dead");
        expect(await stateOf("node-a")).toBe("alive");
        expect((await store.load()).nodes.get("node-b")?.state).toBe("dead");
      });

      it("is refuted by a renewal in between, and then nothing is written", async () => {
        await session.renew(b);
        const before = await store.load();
        expect(await writer.commit([dead, assigned(0, a, 1)], [death(0)])).toEqual({
          outcome: "refuted",
          alive: [b],
        });
        expect(await store.load()).toEqual(before);
        expect(await stateOf("node-b")).toBe("alive");
        expect((await session.renew(b)).renewed).toBe(true);
        expect((await writer.commit([dead], [death(2)])).outcome).toBe("committed");
      });

      it("is all or nothing with the others of its commit", async () => {
        await session.renew(a);
        expect(await writer.commit([dead], [death(0), death(0, a)])).toEqual({
          outcome: "refuted",
          alive: [a],
        });
        expect(await stateOf("node-b")).toBe("alive");
      });

      it("holds for a lease that was released, and leaves it so", async () => {
        await session.release(b);
        expect((await writer.commit([dead], [death(7)])).outcome).toBe("committed");
        expect(await stateOf("node-b")).toBe("released");
      });

      it("holds for one that is dead already", async () => {
        await writer.commit([dead], [death(0)]);
        expect((await writer.commit([], [death(9)])).outcome).toBe("committed");
        expect(await stateOf("node-b")).toBe("dead");
      });

      it("of an earlier life holds, and leaves the later one alone", async () => {
        const later = { nodeId: "node-b", incarnation: randomUUID() };
        await take(later);
        expect((await writer.commit([dead], [death(7)])).outcome).toBe("committed");
        expect(await session.read("node-b")).toMatchObject({ ...later, state: "alive" });
        expect((await session.renew(later)).renewed).toBe(true);
      });

      it("holds for a node that never had a lease", async () => {
        const stranger = { nodeId: "node-z", incarnation: randomUUID() };
        expect((await writer.commit([], [death(0, stranger)])).outcome).toBe("committed");
      });

      it("by a deposed term kills nobody", async () => {
        await Writer.elect(store, b);
        expect((await writer.commit([dead], [death(0)])).outcome).toBe("deposed");
        expect(await stateOf("node-b")).toBe("alive");
      });

      it("and a renewal at the same time: exactly one of them takes effect", async () => {
        for (let round = 0; round < 30; round += 1) {
          const node = { nodeId: `node-${round}`, incarnation: randomUUID() };
          await take(node);
          const [beat, result] = await Promise.all([
            session.renew(node),
            writer.commit([], [death(0, node)]),
          ]);
          expect(beat.renewed).toBe(result.outcome === "refuted");
          const row = await session.read(node.nodeId);
          expect(row).toMatchObject(
            beat.renewed ? { state: "alive", renewals: 1 } : { state: "dead", renewals: 0 },
          );
        }
      });
    });

    describe("the log", () => {
      it("is read in pages, oldest first", async () => {
        const writer = await Writer.elect(store, a);
        await writer.commit([...founding(6), ...[0, 1, 2, 3, 4].map((i) => assigned(i, a, 1))]);
        const log = await wholeLog(store);
        expect(log).toHaveLength(9);
        const first = await store.readLog(0, 4);
        expect(first).toEqual({
          history: writer.state.history,
          oldest: 1,
          entries: log.slice(0, 4),
        });
        expect((await store.readLog(4, 4)).entries).toEqual(log.slice(4, 8));
        expect((await store.readLog(8, 4)).entries).toEqual(log.slice(8));
        expect((await store.readLog(9, 4)).entries).toEqual([]);
        expect((await store.readLog(99, 4)).entries).toEqual([]);
      });

      it("keeps every field of an event as it was", async () => {
        const writer = await Writer.elect(store, a);
        const odd: ClusterEvent = {
          type: "node-joined",
          nodeId: "ノード \"1\" 'x' {{schema}} \\",
          incarnation: randomUUID(),
          address: "\n\t",
          zone: "\u{1f600}",
          weight: 0.1 + 0.2,
          labels: { "": "", constructor: "x", a: "1e400" },
        };
        await writer.commit([odd]);
        const { seq: _seq, at: _at, term: _term, ...event } = (await wholeLog(store))[1] ?? {};
        expect(event).toEqual(odd);
        await expectTablesToBeTheFold(store);
      });

      it("gives the tables, whatever happened (S7)", async () => {
        await fc.assert(
          fc.asyncProperty(clusterHistory, async (batches) => {
            const fresh = await makeHarness();
            try {
              const writer = await Writer.elect(fresh.store, a);
              for (const picks of batches) {
                const { events } = batchAfter(writer.state, picks);
                const result = await writer.commit(events);
                expect(result.outcome).toBe("committed");
                expect(await fresh.store.load()).toEqual(writer.state);
              }
              await expectTablesToBeTheFold(fresh.store);
            } finally {
              await fresh.close();
            }
          }),
          { numRuns: 25, interruptAfterTimeLimit: 12_000, markInterruptAsFailure: false },
        );
      });
    });

    describe("a change", () => {
      const hintsOf = async () => {
        const hints: (number | null)[] = [];
        const unsubscribe = store.onChange(({ seq }) => hints.push(seq));
        await waitUntil("the subscription was in place", () => hints.length > 0);
        return { hints, unsubscribe };
      };

      it("is hinted at once after a subscription, because something may have been missed", async () => {
        expect((await hintsOf()).hints).toEqual([null]);
      });

      it("of the term or of an owner is hinted with its seq", async () => {
        const { hints } = await hintsOf();
        const writer = await Writer.elect(store, a);
        await waitUntil("the new term was hinted", () => hints.includes(1));
        await writer.commit([...founding(4), assigned(0, a, 1)]);
        await waitUntil("the assignment was hinted", () => hints.includes(5));
        expect(hints).toEqual([null, 1, 5]);
      });

      it("of nobody's home is not", async () => {
        const { hints } = await hintsOf();
        const writer = await Writer.elect(store, a);
        await writer.commit(founding(4));
        await writer.commit([assigned(0, a, 1)]);
        await waitUntil("the assignment was hinted", () => hints.includes(5));
        expect(hints).toEqual([null, 1, 5]);
      });

      it("is not hinted to who unsubscribed", async () => {
        const kept = await hintsOf();
        const left = await hintsOf();
        left.unsubscribe();
        await Writer.elect(store, a);
        await waitUntil("the new term was hinted", () => kept.hints.includes(1));
        expect(left.hints).not.toContain(1);
      });
    });
  });
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return Math.round(performance.now() - startMs);
}
