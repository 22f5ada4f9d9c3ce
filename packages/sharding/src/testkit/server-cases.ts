import { emptyCluster } from "../core/cluster.ts";
import type { NodeRef } from "../core/ids.ts";
import type { Append, Journal } from "../ports/journal.ts";
import type { LeaseSession, LeaseSessions } from "../ports/lease-session.ts";
import type { StateStore } from "../ports/state-store.ts";

/** One server, empty, and with a standby where the case needs one: what can be done to it, and two clients of it. */
export interface FaultyServer {
  readonly sessions: LeaseSessions;
  readonly store: StateStore;
  readonly journal: Journal;
  /** Another process's. */
  readonly successor: Journal;
  /** Ends every session, and is back when this returns. `immediate`: as after a crash. */
  restart(mode: "fast" | "immediate"): Promise<void>;
  /** From now on the standby hears of nothing. */
  lagBehind(): Promise<void>;
  /** The server is gone, its standby has taken over, and is reached under the same address. */
  failOver(): Promise<void>;
  /** Runs the first append of an entity, which locks its head and then stands still. @returns once it does. */
  hang(append: () => Promise<unknown>): Promise<HungAppend>;
  /** Runs a call whose answer never arrives, and gives its failure. */
  loseAnswer(call: () => Promise<unknown>): Promise<unknown>;
}

export interface HungAppend {
  /** Its end; never rejects: a failure is given by its code. */
  readonly result: Promise<unknown>;
  /** Lets it go on, where it still can. */
  resume(): Promise<void>;
}

/** What a server does when something breaks, as a row of a table: the same for the real and the simulated one. */
export interface ServerCase {
  readonly name: string;
  readonly needsStandby?: boolean;
  readonly run: (server: FaultyServer) => Promise<unknown>;
  readonly expected: unknown;
}

const ttlMs = 60_000;
const life = (nodeId: string, last: number): NodeRef => ({
  nodeId,
  incarnation: `00000000-0000-4000-8000-00000000000${last}`,
});
const a = life("node-a", 1);
const b = life("node-b", 2);
const entity = { group: "default", shard: 0, namespace: "default", type: "register", id: "x" };

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? String(error);
const outcomeOf = (call: Promise<unknown>): Promise<unknown> => call.catch(codeOf);

const open = ({ sessions }: FaultyServer, holder: NodeRef): Promise<LeaseSession> =>
  sessions.open({ holder, ttlMs, timeoutMs: 2_000 });

const takeLease = async (server: FaultyServer, holder: NodeRef): Promise<LeaseSession> => {
  const session = await open(server, holder);
  await session.take({ ...holder, address: "", process: null }, null);
  return session;
};

const append = (version: number, epoch = 1, { incarnation } = a): Append => ({
  ...{
    ...entity,
    epoch,
    incarnation,
    version,
    events: [version],
    outcome: null,
    isRemoval: false,
    timers: null,
  },
  commandId: `00000000-0000-4000-9000-00000000000${version}`,
});

/** The shard's first append, by its owner. */
const hangFirst = async ({ journal, hang }: FaultyServer): Promise<HungAppend> => {
  await journal.claim(a, [{ ...entity, epoch: 1 }]);
  return await hang(() => outcomeOf(journal.append(append(0))));
};

const versionsIn = async (journal: Journal): Promise<readonly number[]> =>
  (await journal.read(entity, 0, 100)).map(({ version }) => version);

/** A leader with a lease, a term and an entry in the journal; then the server breaks, and this is what is left. */
const survives = async (server: FaultyServer, fail: () => Promise<void>): Promise<unknown> => {
  const { store, journal } = server;
  const session = await takeLease(server, a);
  const ends: Error[] = [];
  session.onClosed((why) => ends.push(why));
  await session.tryLock("coordinator");
  await store.raiseTerm(a, 0);
  await journal.claim(a, [{ ...entity, epoch: 1 }]);
  await journal.append(append(0));
  const { timeline } = await session.renew(a);
  await fail();
  const renewed = await outcomeOf(session.renew(a));
  const next = await open(server, a);
  const lock = await next.tryLock("coordinator");
  const beat = await next.renew(a);
  const facts = {
    ...{ renewed, ends: ends.length, lock, isAlive: beat.renewed, term: beat.coordinator.term },
    renewals: beat.leases[0]?.renewals,
    hasNewTimeline: beat.timeline > timeline,
    versions: await versionsIn(journal),
    next: await journal.append(append(1)),
  };
  await next.close();
  return facts;
};

/** The session was told, locks are gone, rows are as they were. */
const survived = {
  ...{ renewed: "SESSION_LOST", ends: 1, lock: true, isAlive: true, term: 1, renewals: 2 },
  ...{ hasNewTimeline: false, versions: [1], next: "committed" },
};

export const serverCases: readonly ServerCase[] = [
  {
    name: "a fast restart ends the sessions, frees the locks and keeps the rows",
    run: (server) => survives(server, () => server.restart("fast")),
    expected: survived,
  },
  {
    name: "so does a stop without warning",
    run: (server) => survives(server, () => server.restart("immediate")),
    expected: survived,
  },
  {
    name: "a standby that had everything keeps it, on another timeline",
    needsStandby: true,
    run: (server) => survives(server, () => server.failOver()),
    expected: { ...survived, hasNewTimeline: true },
  },
  {
    name: "a standby that lagged has lost the end, and the next term begins another history",
    needsStandby: true,
    run: async (server) => {
      const { store, journal } = server;
      await store.raiseTerm(a, 0);
      await journal.claim(a, [{ ...entity, epoch: 1 }]);
      await journal.append(append(0));
      const { history } = await store.load();
      await server.lagBehind();
      await store.raiseTerm(b, 1);
      await journal.append(append(1));
      await server.failOver();
      const { term, seq } = await store.load();
      const versions = await versionsIn(journal);
      const raised = await store.raiseTerm(a, 1, { history, seq: 2, term: 2 });
      const after = await store.load();
      return { term, seq, versions, raised: raised?.term, isSame: after.history === history };
    },
    expected: { term: 1, seq: 1, versions: [1], raised: 3, isSame: false },
  },
  {
    name: "an append that stands still keeps the head of a life whose lease is alive",
    run: async (server) => {
      const { successor } = server;
      const session = await takeLease(server, a);
      const hung = await hangFirst(server);
      const during = await successor.claim(b, [{ ...entity, epoch: 2 }]);
      await hung.resume();
      const result = await hung.result;
      const after = await successor.claim(b, [{ ...entity, epoch: 2 }]);
      await session.close();
      return { during, result, after, versions: await versionsIn(successor) };
    },
    expected: { during: ["busy"], result: "committed", after: ["claimed"], versions: [1] },
  },
  {
    name: "an append that stands still is ended by the claim where its life has no lease (S4)",
    run: async (server) => {
      const { journal, successor } = server;
      const hung = await hangFirst(server);
      const claimed = await successor.claim(b, [{ ...entity, epoch: 2 }]);
      const result = await hung.result;
      await hung.resume();
      const later = await outcomeOf(journal.append(append(0)));
      return { claimed, result, later, versions: await versionsIn(successor) };
    },
    expected: { claimed: ["claimed"], result: "STORE_UNAVAILABLE", later: "fenced", versions: [] },
  },
  {
    name: "an append that stands still when the server stops has not happened",
    run: async (server) => {
      const { journal } = server;
      const hung = await hangFirst(server);
      await server.restart("immediate");
      const result = await hung.result;
      await hung.resume();
      const before = await versionsIn(journal);
      return { result, before, again: await journal.append(append(0)) };
    },
    expected: { result: "STORE_UNAVAILABLE", before: [], again: "committed" },
  },
  {
    name: "two appends of one entity from two clients: the first to lock the head commits, the other conflicts",
    run: async (server) => {
      const { journal, successor } = server;
      const session = await takeLease(server, a);
      const hung = await hangFirst(server);
      const second = outcomeOf(successor.append({ ...append(0), commandId: a.incarnation }));
      await hung.resume();
      const results = [await hung.result, await second];
      await session.close();
      return { results, versions: await versionsIn(journal) };
    },
    expected: { results: ["committed", "conflict"], versions: [1] },
  },
  {
    name: "a commit whose answer is lost has happened, and happens once",
    run: async ({ store, loseAnswer }) => {
      await store.raiseTerm(a, 0);
      const node = { ...a, address: "", zone: "", weight: 1, labels: {} };
      const events = [{ type: "node-joined" as const, ...node }];
      const next = emptyCluster("");
      const nodes = new Map([[a.nodeId, { ...node, state: "up" as const, cordoned: false }]]);
      const write = { term: 1, after: 1, events, next: { ...next, nodes }, deaths: [] };
      const lost = codeOf(await loseAnswer(() => store.commit(write)));
      const again = await store.commit(write);
      return { lost, again: again.outcome, seq: (await store.load()).seq };
    },
    expected: { lost: "STORE_UNAVAILABLE", again: "deposed", seq: 2 },
  },
];
