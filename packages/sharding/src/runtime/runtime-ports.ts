import type { CoordinatorOptions } from "../core/coordinator.ts";
import type { NodeId } from "../core/ids.ts";
import type { GroupDeclaration, NodeInfo } from "../core/log.ts";
import type { LogFn } from "../node-api.ts";
import type { Clock } from "../ports/clock.ts";
import type { EventFeed } from "../ports/event-feed.ts";
import type { Journal } from "../ports/journal.ts";
import type { LeaseFactory } from "../ports/lease.ts";
import type { LeaseSessions } from "../ports/lease-session.ts";
import type { ProcessTable } from "../ports/processes.ts";
import type { Refusals } from "../ports/refusals.ts";
import type { StateStore } from "../ports/state-store.ts";
import type { DropCounter, Transport } from "../ports/transport.ts";
import type { Ask } from "./data-plane/ask.ts";
import type { Executor } from "./entities/executor.ts";
import type { LaneThreads } from "./lanes/lane-messages.ts";

export interface RuntimeOptions {
  readonly nodeId: NodeId;
  readonly info: Omit<NodeInfo, "nodeId" | "incarnation">;
  readonly groups: readonly GroupDeclaration[];
  readonly ttlMs: number;
  readonly handoffTimeoutMs: number;
  readonly coordinator: CoordinatorOptions;
  readonly log: LogFn;
  /** @default an advisory lock in Postgres */
  readonly coordinatorLease?: LeaseFactory | undefined;
  /** Counts what was dropped, unauthorized messages among it. */
  readonly drops: DropCounter;
}

/** What the outside gives: everything that waits, sends, writes or tells the time. */
export interface RuntimePorts {
  readonly sessions: LeaseSessions;
  readonly store: StateStore;
  /** Where durable entities are kept; a node without it can have none. */
  readonly journal?: Journal;
  /** The journal as followers read it; a node without it can follow nothing. */
  readonly feed?: EventFeed;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly processes: ProcessTable;
  /** Given only where a refused connection counts as a proof of death. */
  readonly refusals: Refusals | null;
  /** Who starts the threads that run entities. @default none: they run on this one */
  readonly lanes?: LaneThreads | undefined;
}

/** The executor and the asks are made with the runtime's guard and views, so they are given late. */
export interface DataPlane {
  readonly ask: Ask;
  readonly executor: Executor;
  /**
   * Resolves when what was posted has reached every thread that runs entities. Before a new life begins: until
   * then a handler of the old one may be about to take effect. @default it has, when `post` returns
   */
  readonly quiet?: (() => Promise<void>) | undefined;
}
