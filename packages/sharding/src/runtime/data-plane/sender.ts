import { shardOf } from "../../core/hash.ts";
import { type NodeRef, type ShardRef, sameNode } from "../../core/ids.ts";
import type { Home, Next } from "../../core/route.ts";
import type { SendResult } from "../../ports/transport.ts";
import { fromWireError } from "../entities/wire-error.ts";
import * as ends from "./ask-errors.ts";
import { DeadlineWheel } from "./deadline-wheel.ts";
import { type Line, Lines } from "./lines.ts";
import { type AskCall, type AskResult, Pending } from "./pending.ts";
import type { SenderPorts } from "./sender-ports.ts";
import { TurnShare } from "./turn-share.ts";
import { encodeCancel, encodeRequest, type WireReply } from "./wire.ts";

/** An abandoned request's cancel is repeated: the first one may have met a full queue. */
const cancelAgainMs = 1000;

/**
 * The sender's half: asks of this node, each on the route of its shard (core/route.ts).
 *
 * It does what the routes say, and ends each ask once: with its reply, at its deadline, by its signal,
 * or with the loss of the connection that it went out on.
 */
export class Sender {
  readonly #ports: SenderPorts;
  readonly #lines: Lines;
  /** By number, until the request has left its route: longer than its caller waits. */
  readonly #pending = new Map<number, Pending>();
  readonly #wheel: DeadlineWheel<Pending>;
  readonly #own: TurnShare<Pending>;
  #isClosed = false;
  #lastNumber = 0;
  #lastOrdinal = 0;
  #requests = 0;
  #failures = 0;
  #forwarded = 0;

  constructor(ports: SenderPorts) {
    this.#ports = ports;
    this.#lines = new Lines(ports.limits, ports.locate);
    // Whoever waited so long that its caller gave up has not begun, and never will.
    this.#own = new TurnShare(
      ports.clock,
      (pending) => pending.place === "in-flight" && ports.local.take(pending),
    );
    this.#wheel = new DeadlineWheel(ports.clock, ports.limits.deadlineResolutionMs, (pending) =>
      this.#due(pending),
    );
  }

  get counters(): {
    readonly requests: number;
    readonly failures: number;
    readonly forwarded: number;
  } {
    return { requests: this.#requests, failures: this.#failures, forwarded: this.#forwarded };
  }
  get pending(): number {
    return this.#pending.size;
  }

  /** Whether every caller has had its end. */
  get isIdle(): boolean {
    for (const pending of this.#pending.values()) if (!pending.ended) return false;
    return true;
  }

  ask(call: AskCall): Promise<AskResult> {
    return new Promise((resolve, reject) => {
      this.#requests += 1;
      const nowMs = this.#ports.clock.monotonicMs();
      const number = ++this.#lastNumber;
      const shard = shardOf(call.namespace, call.type, call.id, call.shards);
      const dueMs = nowMs + Math.min(call.deadlineMs, maxDeadlineMs);
      this.#start(new Pending(call, number, shard, dueMs, resolve, reject), call, nowMs);
    });
  }

  /** @param from null: this node itself, in whatever life. */
  reply(from: NodeRef | null, number: number, reply: WireReply | null): void {
    const pending = this.#pending.get(number);
    const { drops } = this.#ports;
    // The connection was lost in between: its callers have had their answer.
    if (pending === undefined) return drops.count("reply", "unroutable");
    const { sentTo } = pending;
    if (sentTo === null || (from !== null && !sameNode(sentTo, from))) {
      return drops.count("reply", "misrouted");
    }
    if (pending.place !== "in-flight" && pending.place !== "abandoned") {
      return drops.count("reply", "unroutable");
    }
    const line = this.#lines.of(pending);
    if (reply?.name === "not-hosting" || reply?.name === "not-yet") {
      const next = line.route.bounced(pending, reply.ticket);
      if (pending.ended) this.#forget(pending);
      if (next === "back-off" && reply.name === "not-hosting") this.#ports.onBehind();
      return this.#go(line, next);
    }
    this.#answer(pending, sentTo, reply);
    this.#forget(pending);
    this.#go(line, line.route.answered(pending));
  }

  logMoved(changed: Iterable<ShardRef>): void {
    for (const ref of changed) {
      const line = this.#lines.find(ref);
      if (line !== undefined) this.#go(line, line.route.moved(this.#lines.homeOf(ref)));
    }
  }

  logReloaded(): void {
    this.logMoved([...this.#lines.all()].map((line) => line.ref));
  }

  peerUp(peer: NodeRef): void {
    for (const line of this.#lines.all()) this.#go(line, line.route.reached(peer));
  }

  /**
   * A home takes nothing more, and has read up to `ordinal` of what it was sent. What is behind that never
   * ran: it waits for the next home, as if it had not been sent.
   */
  departed(home: NodeRef, ordinal: number): void {
    this.#ports.links.depart(home);
    for (const pending of [...this.#pending.values()]) {
      const { sentTo, place } = pending;
      if (place !== "in-flight" && place !== "abandoned") continue;
      if (sentTo === null || !sameNode(sentTo, home) || pending.ordinal <= ordinal) continue;
      const line = this.#lines.of(pending);
      const next = line.route.undelivered(pending);
      if (pending.ended) this.#forget(pending);
      this.#go(line, next);
    }
  }

  peerDown(peer: NodeRef): void {
    for (const line of this.#lines.all()) {
      const { removed, next } = line.route.lost(peer);
      for (const pending of removed) {
        this.#fail(pending, ends.connectionLost(pending, peer));
        this.#forget(pending);
      }
      this.#go(line, next);
    }
  }

  /** Ends everything: what was not sent as not executed, the rest as unknown. */
  close(): void {
    this.#isClosed = true;
    this.#wheel.close();
    for (const line of this.#lines.all()) line.cancelBackoff?.();
    for (const pending of this.#pending.values()) {
      const wasSent = this.#lines.of(pending).route.abandon(pending) === "sent";
      this.#fail(pending, ends.stopped(pending, wasSent));
    }
    this.#pending.clear();
  }

  #start(pending: Pending, call: AskCall, nowMs: number): void {
    const { limits } = this.#ports;
    const { signal } = call;
    if (this.#isClosed) return this.#fail(pending, ends.stopped(pending, false));
    if (signal?.aborted) return this.#fail(pending, ends.unsent(pending, "cancelled"));
    if (!(pending.dueMs > nowMs)) {
      return this.#fail(pending, ends.unsent(pending, "past its deadline"));
    }
    if (this.#pending.size >= limits.pendingMessages) {
      return this.#fail(pending, ends.tooManyPending(limits.pendingMessages));
    }
    this.#pending.set(pending.number, pending);
    this.#wheel.add(pending);
    if (signal !== undefined) pending.listen(signal, () => this.#giveUp(pending, "cancelled"));

    const line = this.#lines.of(pending);
    const verdict = line.route.offer(pending);
    if (verdict === "send") this.#send(line, pending, nowMs);
    else if (verdict === "overloaded") {
      this.#fail(pending, ends.lineFull(pending, line.route.state));
      this.#forget(pending);
    }
  }

  #send(line: Line, pending: Pending, nowMs: number): void {
    const { route } = line;
    const home = route.home as Home;
    pending.sentTo = home.node;
    pending.epoch = home.epoch;
    pending.seen = route.seen;
    pending.leftMs = pending.dueMs - nowMs;
    if (pending.leftMs <= 0) {
      this.#fail(pending, ends.unsent(pending, "past its deadline"));
      this.#forget(pending);
      return this.#go(line, route.dropped(pending));
    }
    const result = this.#deliver(home.node, pending);
    if (result === "disconnected") this.#go(line, route.undelivered(pending));
    else if (result === "full") {
      this.#fail(pending, ends.queueFull(home.node));
      this.#forget(pending);
      this.#go(line, route.dropped(pending));
    }
  }

  #deliver(to: NodeRef, pending: Pending): SendResult {
    const { self, links } = this.#ports;
    const me = self();
    if (to.nodeId === me.nodeId) {
      // An earlier life of this node is no home: its shards wait for the log to move on.
      if (to.incarnation !== me.incarnation) return "disconnected";
      this.#own.add(pending);
      return "queued";
    }
    this.#lastOrdinal += 1;
    pending.ordinal = this.#lastOrdinal;
    const result = links.request(to, encodeRequest(pending));
    if (result === "queued") this.#forwarded += 1;
    return result;
  }

  #go(line: Line, next: Next): void {
    if (next === "idle") return;
    if (next === "back-off" || next === "probe") {
      line.cancelBackoff?.();
      line.cancelBackoff = this.#ports.clock.after(line.route.backoffMs, () => {
        line.cancelBackoff = null;
        this.#go(line, line.route.elapsed());
      });
    }
    if (next === "back-off") return;
    const nowMs = this.#ports.clock.monotonicMs();
    for (let p = line.route.takeNext(); p !== null; p = line.route.takeNext()) {
      this.#send(line, p, nowMs);
    }
  }

  #answer(pending: Pending, from: NodeRef, reply: WireReply | null): void {
    if (reply?.name === "ok") {
      pending.resolve(reply.value, reply.epoch, reply.version, from);
    } else if (reply?.name === "error") this.#fail(pending, fromWireError(reply.error));
    else if (reply === null) {
      this.#ports.drops.count("reply", "delivery_failed");
      this.#fail(pending, ends.unreadable(pending, from));
    } else {
      // `gone` answers a cancel, and a cancel is sent after the caller has had its answer.
      this.#fail(pending, ends.unheardOf(pending, from));
    }
  }

  #due(pending: Pending): void {
    if (!pending.ended) return this.#giveUp(pending, "past its deadline");
    if (pending.place === "abandoned") this.#cancel(pending);
  }

  #giveUp(pending: Pending, why: ends.GivenUp): void {
    const wasSent = this.#lines.of(pending).route.abandon(pending) === "sent";
    if (wasSent && pending.sentTo !== null) {
      this.#fail(pending, ends.sent(pending, pending.sentTo, why));
      return this.#cancel(pending);
    }
    this.#fail(pending, ends.unsent(pending, why));
    this.#forget(pending);
  }

  /** The answer frees the slot; until then the cancel is repeated. */
  #cancel(pending: Pending): void {
    const { self, local, links, clock } = this.#ports;
    this.#wheel.remove(pending);
    pending.dueMs = clock.monotonicMs() + cancelAgainMs;
    this.#wheel.add(pending);
    const to = pending.sentTo as NodeRef;
    if (to.nodeId === self().nodeId) local.cancel(pending.number);
    else links.send(to, encodeCancel(pending.number), "request");
  }

  #fail(pending: Pending, error: Error): void {
    if (!pending.ended) this.#failures += 1;
    pending.reject(error);
  }

  #forget(pending: Pending): void {
    this.#pending.delete(pending.number);
    this.#wheel.remove(pending);
  }
}

/** One day: a longer one is a mistake, and an infinite one would never leave the wheel. */
const maxDeadlineMs = 86_400_000;
