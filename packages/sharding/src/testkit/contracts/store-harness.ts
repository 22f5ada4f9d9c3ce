import type { NodeRef } from "../../core/ids.ts";
import type { EventFeed } from "../../ports/event-feed.ts";
import type { Journal } from "../../ports/journal.ts";
import type { LeaseSessions } from "../../ports/lease-session.ts";
import type { StateStore } from "../../ports/state-store.ts";

/** One empty cluster on one server, as the contract suites of the stores need it. */
export interface StoreHarness {
  readonly sessions: LeaseSessions;
  readonly store: StateStore;
  /** Another cluster that lives beside it in the same database. */
  readonly otherCluster: LeaseSessions;
  /** A parent waited for the node's process: it has exited. */
  recordExit(holder: NodeRef, pid: number): Promise<void>;
  /** Lets time pass, for the server too. */
  elapse(ms: number): Promise<void>;
  close(): Promise<void>;
}

export type MakeStoreHarness = () => Promise<StoreHarness>;

/** The journal of one empty cluster, and what followers read of it. */
export interface JournalHarness {
  readonly journal: Journal;
  readonly feed: EventFeed;
  /** Runs a call whose answer never arrives, and gives its failure. The way is open again afterwards. */
  loseAnswer(call: () => Promise<unknown>): Promise<unknown>;
  /** Lets time pass, for the server too. */
  elapse(ms: number): Promise<void>;
  close(): Promise<void>;
}

export type MakeJournalHarness = () => Promise<JournalHarness>;
