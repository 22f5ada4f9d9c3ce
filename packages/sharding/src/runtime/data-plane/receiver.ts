import { admit, type HostingView, type InboundStream } from "../../core/admission.ts";
import { type Epoch, type NodeId, type NodeRef, type ShardRef, sameNode } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DropCounter } from "../../ports/transport.ts";
import type {
  EntityReply,
  FromExecutor,
  ToExecutor,
  WireError,
} from "../entities/executor-messages.ts";
import { cancelled, deadlineExceeded, overloaded } from "../entities/replies.ts";
import { DeadlineWheel } from "./deadline-wheel.ts";
import { type Accepted, Inbound } from "./inbound.ts";
import type { DataPlaneLimits } from "./limits.ts";
import type { LoadMeter } from "./load-meter.ts";
import { Parking } from "./parking.ts";
import type { ShardMeter } from "./shard-meter.ts";
import type { WireReply, WireRequest } from "./wire.ts";

export interface ReceiverPorts {
  readonly clock: Clock;
  readonly executor: Executor;
  /** How this node holds a shard, now. See the contract at {@link HostingView}. */
  readonly hosting: (ref: ShardRef) => HostingView;
  readonly reply: (to: NodeRef, number: number, reply: WireReply) => void;
  readonly limits: DataPlaneLimits;
  readonly drops: DropCounter;
  readonly load: LoadMeter;
  /** Null where no group is balanced by load. */
  readonly shards: ShardMeter | null;
  /** A request shows that this node's copy of the log is behind. */
  readonly onBehind: () => void;
}

/** The executor of entities, as its message boundary shows it. Messages keep their order, both ways. */
export interface Executor {
  post(message: ToExecutor): void;
  onMessage(fn: (message: FromExecutor) => void): () => void;
}

/**
 * The home's half: takes a request, parks it, or bounces it unexecuted (core/admission.ts), and carries
 * the executor's answer back. Each request that arrives is answered once, unless its sender is gone.
 */
export class Receiver {
  readonly #ports: ReceiverPorts;
  readonly #inbound = new Map<NodeId, Inbound>();
  /** With the executor, by its number. */
  readonly #running = new Map<number, Accepted>();
  readonly #parking: Parking;
  readonly #wheel: DeadlineWheel<Accepted>;
  readonly #unsubscribe: () => void;
  #lastRequestId = 0;
  #lastTicket = 0;
  #accepted = 0;

  constructor(ports: ReceiverPorts) {
    this.#ports = ports;
    this.#parking = new Parking(ports.limits);
    this.#wheel = new DeadlineWheel(ports.clock, ports.limits.deadlineResolutionMs, (accepted) =>
      this.#expireParked(accepted),
    );
    this.#unsubscribe = ports.executor.onMessage((message) => this.#fromExecutor(message));
  }

  take(from: NodeRef, request: WireRequest): void {
    const inbound = this.#inboundOf(from);
    // The farewell has said that these never run.
    if (inbound.hasFarewell) return this.#ports.drops.count("request", "unroutable");
    inbound.ordinal = request.ordinal;
    // The transport delivers at most once: a second one can only be a peer's fault.
    if (inbound.accepted.has(request.number)) {
      return this.#ports.drops.count("request", "unroutable");
    }
    if (request.leftMs <= 0) return this.#expired(inbound, request);
    const hosting = this.#ports.hosting(request);
    if (this.#parking.has(request)) this.#settle(request, hosting);
    const stream = inbound.stream(request);
    const admission = admit(stream, hosting, request);
    if (admission === "not-hosting" || admission === "not-yet") {
      if (request.epoch > hosting.epoch) this.#ports.onBehind();
      return this.#bounce(inbound, request, admission, hosting.epoch);
    }
    if (this.#accepted >= this.#ports.limits.acceptedMessages) {
      return this.#refuse(inbound, request.number, tooMany("this node"));
    }
    const accepted = accept(inbound, stream, request, this.#ports.clock.monotonicMs());
    if (admission === "park" && !this.#park(accepted)) {
      return this.#refuse(inbound, request.number, tooMany("a shard that starts"));
    }
    inbound.accepted.set(request.number, accepted);
    this.#accepted += 1;
    stream.outstanding += 1;
    stream.epoch = hosting.epoch;
    stream.quiet = false;
    if (admission === "accept") this.#run(accepted, hosting.epoch);
  }

  /** Takes nothing more from this peer. @returns the ordinal of the request that was read last. */
  leave(peer: NodeRef): number {
    const inbound = this.#inboundOf(peer);
    inbound.hasFarewell = true;
    return inbound.ordinal;
  }

  cancel(from: NodeRef, number: number): void {
    const inbound = this.#inboundOf(from);
    const accepted = inbound.accepted.get(number);
    if (accepted === undefined) return this.#ports.reply(inbound.node, number, { name: "gone" });
    if (accepted.requestId > 0) {
      return this.#ports.executor.post({ tag: "cancel", requestId: accepted.requestId });
    }
    this.#unpark(accepted);
    this.#refuse(inbound, number, gaveUp);
  }

  /** How these shards are held has changed: what was parked runs now, or goes back. */
  hostingChanged(refs: Iterable<ShardRef>): void {
    for (const ref of refs) {
      if (this.#parking.has(ref)) this.#settle(ref, this.#ports.hosting(ref));
    }
  }

  /** A new connection numbers its bounces from the start. */
  peerUp(peer: NodeRef): void {
    const inbound = this.#inbound.get(peer.nodeId);
    if (inbound !== undefined) this.#closeInbound(inbound);
  }

  peerDown(peer: NodeRef): void {
    const inbound = this.#inbound.get(peer.nodeId);
    if (inbound !== undefined && sameNode(inbound.node, peer)) this.#closeInbound(inbound);
  }

  close(): void {
    this.#unsubscribe();
    this.#wheel.close();
  }

  #inboundOf(from: NodeRef): Inbound {
    const known = this.#inbound.get(from.nodeId);
    if (known !== undefined) {
      if (known.node.incarnation === from.incarnation) return known;
      this.#closeInbound(known);
    }
    const inbound = new Inbound(from);
    this.#inbound.set(from.nodeId, inbound);
    return inbound;
  }

  /** What runs goes on, unheard; what is parked for nobody is let go. */
  #closeInbound(inbound: Inbound): void {
    inbound.open = false;
    this.#inbound.delete(inbound.node.nodeId);
    for (const accepted of inbound.accepted.values()) {
      if (accepted.requestId > 0) continue;
      this.#unpark(accepted);
      this.#ports.drops.count("request", "disconnected");
    }
  }

  #run(accepted: Accepted, epoch: Epoch): void {
    const { request, arrivedMs } = accepted;
    const { group, shard, namespace, type, id, command, input, chain, key } = request;
    const requestId = ++this.#lastRequestId;
    accepted.requestId = requestId;
    accepted.epoch = epoch;
    accepted.stream.epoch = epoch;
    this.#running.set(requestId, accepted);
    const deadlineMs = arrivedMs + request.leftMs;
    this.#ports.executor.post({
      tag: "request",
      request: {
        requestId,
        group,
        shard,
        epoch,
        namespace,
        type,
        id,
        command,
        input,
        deadlineMs,
        chain,
        key,
      },
    });
  }

  #fromExecutor(message: FromExecutor): void {
    if (message.tag === "carried" || message.tag === "carry-failed") return;
    if (message.tag !== "reply") {
      for (const inbound of this.#inbound.values()) {
        inbound.quiesced(message, message.epoch);
      }
      return;
    }
    const accepted = this.#running.get(message.requestId);
    if (accepted === undefined) return this.#ports.drops.count("reply", "unroutable");
    this.#running.delete(message.requestId);
    this.#release(accepted);
    this.#carryBack(accepted, message.reply, message.heldMs);
  }

  #carryBack(accepted: Accepted, reply: EntityReply, heldMs = 0): void {
    const { inbound, request, epoch } = accepted;
    if (!reply.ok && "bounce" in reply) {
      const known = this.#ports.hosting(request).epoch;
      return this.#bounce(inbound, request, "not-hosting", Math.max(known, epoch));
    }
    const nowMs = this.#ports.clock.monotonicMs();
    this.#ports.load.record(nowMs, nowMs - accepted.arrivedMs, !reply.ok);
    this.#ports.shards?.record(request.group, request.shard, nowMs, heldMs);
    if (!inbound.open) return this.#ports.drops.count("reply", "disconnected");
    const { number } = request;
    if (reply.ok) {
      const { value, version = null } = reply;
      this.#ports.reply(inbound.node, number, { name: "ok", epoch, value, version });
    } else this.#refuse(inbound, number, reply.error);
  }

  /** Every bounce has a ticket, so that nothing sent before its sender knew of it overtakes it. */
  #bounce(
    inbound: Inbound,
    request: WireRequest,
    name: "not-hosting" | "not-yet",
    epoch: Epoch,
  ): void {
    if (!inbound.open) return this.#ports.drops.count("reply", "disconnected");
    const ticket = ++this.#lastTicket;
    inbound.stream(request).ticket = ticket;
    this.#ports.reply(inbound.node, request.number, { name, epoch, ticket });
  }

  #refuse(inbound: Inbound, number: number, error: WireError): void {
    this.#ports.reply(inbound.node, number, { name: "error", error });
  }

  #expired(inbound: Inbound, request: WireRequest): void {
    this.#ports.drops.count("request", "expired");
    this.#refuse(inbound, request.number, expired);
  }

  #park(accepted: Accepted): boolean {
    if (!this.#parking.add(accepted)) return false;
    this.#wheel.add(accepted);
    return true;
  }

  #unpark(accepted: Accepted): void {
    this.#parking.remove(accepted);
    this.#wheel.remove(accepted);
    this.#release(accepted);
  }

  #release(accepted: Accepted): void {
    accepted.inbound.accepted.delete(accepted.request.number);
    accepted.stream.outstanding -= 1;
    this.#accepted -= 1;
  }

  #expireParked(accepted: Accepted): void {
    this.#unpark(accepted);
    this.#expired(accepted.inbound, accepted.request);
  }

  #settle(ref: ShardRef, hosting: HostingView): void {
    if (hosting.phase === "starting") return;
    for (const accepted of this.#parking.takeAll(ref)) {
      this.#wheel.remove(accepted);
      if (hosting.phase === "serving") this.#run(accepted, hosting.epoch);
      else {
        this.#release(accepted);
        this.#bounce(accepted.inbound, accepted.request, "not-hosting", hosting.epoch);
      }
    }
  }
}

const accept = (
  inbound: Inbound,
  stream: InboundStream,
  request: WireRequest,
  nowMs: number,
): Accepted => ({
  inbound,
  stream,
  request,
  arrivedMs: nowMs,
  bytes: 0,
  requestId: 0,
  epoch: 0,
  dueMs: nowMs + request.leftMs,
  wheelNext: null,
  wheelPrevious: null,
  wheelSlot: -1,
});

const expired = deadlineExceeded("The deadline passed before the command ran.");
const gaveUp = cancelled("The caller gave up before the command ran.");
const tooMany = (what: string): WireError =>
  overloaded(`Too many requests wait for ${what}; back off.`);
