import type { HostingView } from "../../core/admission.ts";
import type { NodeRef, ShardRef } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DropCounter, Transport } from "../../ports/transport.ts";
import { pause } from "../pause.ts";
import { Farewell } from "./farewell.ts";
import { type DataPlaneLimits, defaultDataPlaneLimits } from "./limits.ts";
import { Links } from "./links.ts";
import { type Load, LoadMeter } from "./load-meter.ts";
import type { AskCall, AskResult } from "./pending.ts";
import { type Executor, Receiver } from "./receiver.ts";
import { ReplyOutbox } from "./reply-outbox.ts";
import { Sender } from "./sender.ts";
import type { LocalHome, Locate } from "./sender-ports.ts";
import type { ShardMeter } from "./shard-meter.ts";
import {
  cancelKind,
  decodeReply,
  decodeRequest,
  encodeFarewell,
  encodeReply,
  farewellKind,
  heard,
  heardKind,
  numberOf,
  replyKind,
  requestKind,
  type WireReply,
} from "./wire.ts";

export type { AskCall, AskResult, DataPlaneLimits, Executor, HostingView, Load, Locate };

export interface AskPorts {
  /** The node's present life. */
  readonly self: () => NodeRef;
  readonly transport: Transport;
  readonly clock: Clock;
  /** This node's copy of the log: where a shard is. */
  readonly locate: Locate;
  readonly executor: Executor;
  /**
   * How this node holds a shard. After each change, call `hostingChanged`. It says `serving` only when
   * the executor has been posted `open` or `reopen` for that epoch, and `draining` or `none` from before
   * `drain` or `drop` is posted.
   */
  readonly hosting: (ref: ShardRef) => HostingView;
  readonly drops: DropCounter;
  /** Somebody knows more of the log than this node: catch up. May be called often. */
  readonly onBehind: () => void;
  readonly limits?: Partial<DataPlaneLimits>;
  /** Measures what each shard costs this node as its home. @default null: nothing does */
  readonly shards?: ShardMeter | null;
}

/** Requests and replies of one node: its asks, and what it answers as a home. */
export interface Ask {
  /**
   * Carries a command to the shard's home, wherever it is or goes.
   *
   * @throws {ShardingError} the home's error, or `DeadlineExceeded`, `Cancelled`, `Overloaded`,
   * `NodeNotReady` (none of them executed), or `OutcomeUnknown`. Each request ends once (S8).
   */
  ask(call: AskCall): Promise<AskResult>;

  /** A message of the data channel that is a list; carried state travels there as an object. */
  onData(from: NodeRef, message: unknown): void;

  /** This node's copy of the log has entries for these shards. */
  logMoved(changed: Iterable<ShardRef>): void;
  /** The whole copy was replaced. */
  logReloaded(): void;

  /** The transport says that the peer is up. */
  peerUp(peer: NodeRef): void;
  /** The transport says that it is down, or the log declares its incarnation dead. */
  peerDown(peer: NodeRef): void;

  hostingChanged(refs: Iterable<ShardRef>): void;

  /**
   * Takes no more requests of other nodes, and tells them how far it has read: what is behind that goes to the
   * next home. Before the lease is given back: a request that nobody has read is no reason for an unknown outcome.
   *
   * @returns when every peer has heard it or is gone, or after `timeoutMs`.
   */
  leave(timeoutMs: number): Promise<void>;

  /** Resolves when every ask of this node has ended, or after `timeoutMs`. */
  untilAnswered(timeoutMs: number): Promise<void>;

  counters(): AskCounters;
  /** What this node served as a home, over the last whole second. */
  load(): Load;
  /** Ends every ask of this node. */
  close(): void;
}

export interface AskCounters {
  /** Asks of this node. */
  readonly requests: number;
  /** Those that ended with an error. */
  readonly failures: number;
  /** Requests sent to another node; one that is sent again counts again. */
  readonly forwarded: number;
  /** Asks that have no answer yet, or whose home may still run them. */
  readonly pending: number;
}

export function createAsk(ports: AskPorts): Ask {
  const { self, transport, clock, locate, executor, hosting, drops, onBehind } = ports;
  const limits = { ...defaultDataPlaneLimits, ...ports.limits };
  const links = new Links(transport, drops);
  const load = new LoadMeter(clock);
  const outbox = new ReplyOutbox(links, clock, drops, limits.waitingReplies);

  const reply = (to: NodeRef, number: number, answer: WireReply): void => {
    if (to === ownSender) sender.reply(null, number, answer);
    else outbox.send(to, encodeReply(number, answer));
  };
  const { shards = null } = ports;
  const receiver = new Receiver({
    ...{ clock, executor, hosting, reply, limits, drops, load, shards, onBehind },
  });
  const local: LocalHome = {
    take: (request) => receiver.take(ownSender, request),
    cancel: (number) => receiver.cancel(ownSender, number),
  };
  const farewell = new Farewell(clock);
  let isLeaving = false;
  const sayFarewell = (peer: NodeRef): void =>
    outbox.send(peer, encodeFarewell(receiver.leave(peer)));
  const sender: Sender = new Sender({ self, clock, links, local, locate, limits, drops, onBehind });

  return {
    ask: (call) => sender.ask(call),
    onData: (from, message) => {
      if (Array.isArray(message))
        dispatch(from, message, { sender, receiver, outbox, links, farewell, drops });
      else drops.count("request", "unroutable");
    },
    logMoved: (changed) => sender.logMoved(changed),
    logReloaded: () => sender.logReloaded(),
    peerUp: (peer) => {
      links.up(peer);
      receiver.peerUp(peer);
      sender.peerUp(peer);
      if (isLeaving) sayFarewell(peer);
    },
    peerDown: (peer) => {
      links.down(peer);
      outbox.drop(peer);
      receiver.peerDown(peer);
      sender.peerDown(peer);
      farewell.without(peer);
    },
    hostingChanged: (refs) => receiver.hostingChanged(refs),
    leave: (timeoutMs) => {
      const peers = transport.connected();
      isLeaving = true;
      for (const peer of peers) sayFarewell(peer);
      return farewell.until(peers, timeoutMs);
    },
    untilAnswered: async (timeoutMs) => {
      const endMs = clock.monotonicMs() + timeoutMs;
      while (!sender.isIdle && clock.monotonicMs() < endMs) await pause(clock, answeredPollMs);
    },
    counters: () => ({ ...sender.counters, pending: sender.pending }),
    load: () => load.read(),
    close: () => {
      sender.close();
      receiver.close();
      outbox.close();
    },
  };
}

/**
 * This node as a sender to itself: one for all its lives, because its requests stay in its own executor
 * and each is answered there, also when a lost lease drops the shard.
 */
const ownSender: NodeRef = { nodeId: "", incarnation: "" };

const answeredPollMs = 5;

interface Parts {
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly outbox: ReplyOutbox;
  readonly links: Links;
  readonly farewell: Farewell;
  readonly drops: DropCounter;
}

/** A peer's tuple may be of a newer version or broken: counted, answered where it can be, never a throw. */
function dispatch(from: NodeRef, tuple: readonly unknown[], parts: Parts): void {
  const { sender, receiver, outbox, links, farewell, drops } = parts;
  const number = numberOf(tuple);
  switch (tuple[0]) {
    case requestKind: {
      const request = decodeRequest(tuple);
      if (request !== null) return receiver.take(from, request);
      drops.count("request", "delivery_failed");
      if (number !== null) outbox.send(from, encodeReply(number, unreadable));
      return;
    }
    case replyKind:
      if (number !== null) return sender.reply(from, number, decodeReply(tuple));
      return drops.count("reply", "delivery_failed");
    case cancelKind:
      if (number !== null) return receiver.cancel(from, number);
      return drops.count("request", "delivery_failed");
    case farewellKind:
      if (number === null) return drops.count("request", "delivery_failed");
      sender.departed(from, number);
      // Where it cannot be queued the peer waits a while for nothing.
      links.send(from, heard, "reply");
      return;
    case heardKind:
      return farewell.without(from);
    default:
      return drops.count("request", "unroutable");
  }
}

const unreadable: WireReply = {
  name: "error",
  error: {
    code: "COMMAND_INVALID",
    message: "The home could not read the request; do the nodes run the same version?",
    retryable: false,
    executed: "no",
  },
};
