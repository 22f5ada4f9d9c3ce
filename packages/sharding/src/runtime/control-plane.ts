import type { ClusterState } from "../core/cluster.ts";
import { type NodeRef, sameNode } from "../core/ids.ts";
import type { LogEntry } from "../core/log.ts";
import {
  eventMessageOf,
  fromCoordinatorOf,
  isStateTag,
  stateMessageOf,
  toCoordinatorOf,
} from "../core/message-check.ts";
import type {
  AdminAnswer,
  ControlMessage,
  EventMessage,
  FromCoordinator,
  StateMessage,
  ToCoordinator,
} from "../core/messages.ts";
import type { LogFn } from "../node-api.ts";
import type { Channel, DropCounter, Transport } from "../ports/transport.ts";

/** Who hears what. Each of them decides for itself; here it is only found out who is meant. */
export interface ControlReceivers {
  isLeading(): boolean;
  /** For the coordinator, if this node is it. */
  toCoordinator(from: NodeRef, message: ToCoordinator): void;
  /** An order of the node that holds the term, meant for this life. */
  order(message: FromCoordinator): void;
  refused(message: Extract<FromCoordinator, { tag: "region-refused" }>): void;
  /** @returns false where somebody else was asked. */
  answered(from: NodeRef, requestId: string, answer: AdminAnswer): boolean;
  log(history: string, entries: readonly LogEntry[]): void;
  /** Somebody knows a later term than this node. */
  behind(): void;
  /** @returns false where another node is the handoff's source or target. */
  state(from: NodeRef, message: StateMessage): boolean;
  request(from: NodeRef, tuple: readonly unknown[]): void;
  events(from: NodeRef, message: EventMessage): void;
  /** To the coordinator, which no link leads to now. */
  unsent(message: ToCoordinator): void;
  /** As the coordinator: what a node was told, and whether a link took it. */
  told(to: NodeRef, message: FromCoordinator, wasSent: boolean): void;
}

export interface ControlPorts {
  readonly transport: Transport;
  readonly self: () => NodeRef;
  readonly cluster: () => ClusterState;
  /** Of the database that this node holds its lease in; null while it holds none. */
  readonly timeline: () => number | null;
  readonly log: LogFn;
  readonly drops: DropCounter;
}

/** Messages between nodes, this one included: what is sent to oneself takes no wire. */
export class ControlPlane {
  readonly #ports: ControlPorts;
  readonly #to: ControlReceivers;

  constructor(ports: ControlPorts, to: ControlReceivers) {
    this.#ports = ports;
    this.#to = to;
  }

  receive(from: NodeRef, channel: Channel, message: unknown): void {
    if (channel === "data" && Array.isArray(message)) return this.#to.request(from, message);
    if (typeof message !== "object" || message === null || !("tag" in message)) {
      return this.#ports.log("warn", "a message without a tag", { from: from.nodeId, channel });
    }
    const state = stateMessageOf(message);
    if (state !== null) {
      if (!this.#to.state(from, state)) this.unauthorized(from, state.tag);
      return;
    }
    const events = eventMessageOf(message);
    if (events !== null) return this.#to.events(from, events);
    const checked = toCoordinatorOf(message) ?? fromCoordinatorOf(message);
    if (checked !== null) return this.receiveControl(from, checked);
    this.#ports.log("warn", "a message that none is", { from: from.nodeId, tag: message.tag });
  }

  /** To a region, from this node as the coordinator. */
  direct(to: NodeRef, message: FromCoordinator): void {
    this.#to.told(to, message, this.#send(to, message));
  }

  /** To whoever leads, as far as this node knows; lost when nobody does. Whoever needs an answer repeats. */
  toCoordinator(message: ToCoordinator): void {
    const { coordinator } = this.#ports.cluster();
    if (coordinator !== null && !this.#send(coordinator, message)) this.#to.unsent(message);
  }

  /** @returns whether the message is on its way. */
  sendTo(to: NodeRef, message: ToCoordinator): boolean {
    return this.#send(to, message);
  }

  /** Committed entries to everybody: the fast path of the log. */
  push(history: string, entries: readonly LogEntry[]): void {
    const timeline = this.#ports.timeline();
    // Without a lease nobody would know which database they are of: the others read them there.
    if (timeline === null) return;
    // Theirs, which this node's own copy may not have reached: under an older one nobody would believe them.
    const term = entries.at(-1)?.term ?? this.#ports.cluster().term;
    const message: FromCoordinator = { tag: "log", term, timeline, history, entries };
    for (const peer of this.#ports.transport.connected()) this.#send(peer, message);
  }

  leads(node: NodeRef): boolean {
    const { coordinator } = this.#ports.cluster();
    return coordinator !== null && sameNode(coordinator, node);
  }

  #send(to: NodeRef, message: ToCoordinator | FromCoordinator): boolean {
    if (sameNode(to, this.#ports.self())) {
      this.receiveControl(to, message);
      return true;
    }
    return this.#ports.transport.send(to.nodeId, "control", message, "control") === "queued";
  }

  /** What `from` said, on whatever way. */
  receiveControl(from: NodeRef, message: ToCoordinator | FromCoordinator): void {
    switch (message.tag) {
      case "log":
        return this.#hearLog(from, message);
      case "admin-answer":
        if (!this.#to.answered(from, message.requestId, message.answer))
          this.unauthorized(from, message.tag);
        return;
      case "admin":
        if (this.#to.isLeading()) this.#to.toCoordinator(from, message);
        else this.refuseAdmin(from, message.requestId);
        return;
      case "region-registered":
      case "region-refused":
      case "host-shards":
      case "begin-handoffs":
      case "stop-shards":
        return this.#obey(from, message);
      default:
        return this.#to.toCoordinator(from, message);
    }
  }

  /** What a peer said that it may not say: dropped, counted, and told to whoever looks for it. */
  unauthorized(from: NodeRef, tag: ControlMessage["tag"]): void {
    this.#ports.drops.count(isStateTag(tag) ? "handoff" : "control", "unauthorized");
    this.#ports.log("debug", "a message of a node that may not send it", { ...from, tag });
  }

  /**
   * Entries are believed from the node that holds the term, or that says in them that it was elected: every
   * other word about a term that this node does not know sends it to Postgres.
   *
   * And only of the database that this node holds its lease in. After a failover that left the old primary
   * running, two logs go on from one entry, and their next terms fit it equally well.
   */
  #hearLog(from: NodeRef, message: Extract<FromCoordinator, { tag: "log" }>): void {
    const { term } = this.#ports.cluster();
    if (message.term < term) return;
    if (message.term === term && !this.leads(from)) return this.unauthorized(from, message.tag);
    if (message.timeline !== this.#ports.timeline()) return this.#to.behind();
    if (message.term > term && !hasElected(from, message.entries)) return this.#to.behind();
    this.#to.log(message.history, message.entries);
  }

  /** A directive is obeyed only from the node that holds the term, and only by the life it was meant for. */
  #obey(from: NodeRef, message: Extract<FromCoordinator, { incarnation: string }>): void {
    const { term } = this.#ports.cluster();
    if (message.incarnation !== this.#ports.self().incarnation || message.term < term) return;
    // The log says who holds that term and what it decided; what it does not say is repeated.
    if (message.term > term) return this.#to.behind();
    if (!this.leads(from)) return this.unauthorized(from, message.tag);
    if (message.tag === "region-registered") this.#to.behind();
    if (message.tag === "region-refused") this.#to.refused(message);
    else this.#to.order(message);
  }

  /** This node does not lead and has not taken what it was asked: another one may. */
  refuseAdmin(to: NodeRef, requestId: string): void {
    const why = `${this.#ports.self().nodeId} does not lead.`;
    const answer: AdminAnswer = { ok: false, code: "NOT_COORDINATOR", why };
    this.direct(to, { tag: "admin-answer", requestId, answer });
  }
}

const hasElected = (node: NodeRef, entries: readonly LogEntry[]): boolean =>
  entries.some((entry) => entry.type === "coordinator-elected" && sameNode(entry, node));
