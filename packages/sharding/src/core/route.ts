import { type Epoch, type NodeRef, sameNode } from "./ids.ts";
import { type Budget, type LineLimits, type Waiting, WaitingLine } from "./waiting-line.ts";

/**
 * What a sender does with its requests to ONE shard, so that two of them to one entity arrive in
 * order (also across a handoff), none is lost and none is sent twice.
 *
 * Intuition: a queue in front of a door. While the home is known and open, requests pass without
 * stopping. The home may hand some back unexecuted (a *bounce*); from then on the door is shut, what
 * came back stands at the front in its old order, and new requests line up behind.
 *
 * Two mechanisms keep order:
 * - Towards ANOTHER node the door opens only when nothing is in flight to the old home any more:
 *   every request answered, or the connection gone, or the incarnation dead.
 * - Towards the SAME incarnation (retry, aborted handoff) it opens at once, whatever is in flight:
 *   each request says which bounce the sender has seen last (`seen`), and the home refuses it while
 *   there is a later one (core/admission.ts). Waiting instead would let one handler that never ends
 *   stop the whole shard for this sender.
 *
 * One file, because the diagram below is one transition table, and a row of it is judged beside the others.
 *
 * A request that its caller gave up while it was in flight keeps its slot (`abandoned`) until it is
 * answered or the connection is gone: it may still execute, so another home must wait for it.
 *
 *            moved(home)                    moved(other), in flight > 0
 *   homeless ----------> settled ----------------------------------------> switching
 *                        | ^  ^ reached                                       |
 *                bounced | |  +----------- unreachable <- lost, undelivered   | last answer,
 *                        v | answered, elapsed, moved                         | lost
 *                 backing-off <--bounced-- probing                            v
 *                        +------elapsed------^                             settled
 *
 * The object changes in place and answers with constants, because the common case (settled, nothing
 * waiting) runs for each request of the node and must not allocate. It is pure otherwise: no clock, no
 * callback; what to do next is its return value. The transitions stand in one file because each is right
 * only beside the others; route.test.ts has the table of every state and input.
 */
export class Route<R extends RouteRequest> {
  #state: RouteState = "homeless";
  /** Where requests in flight are, and where a settled route sends. */
  #home: Home | null = null;
  /** What this node's copy of the log says. */
  #target: Home | null = null;
  readonly #inFlight = new Set<R>();
  readonly #line: WaitingLine<R>;
  /** Bounces in a row: the exponent of the backoff. */
  #bounces = 0;
  #probeSent = false;
  #seen = 0;
  /** `seen` at homes other than the present one: a shard may come back to them. */
  readonly #seenElsewhere = new Map<string, number>();

  constructor(limits: LineLimits, budget: Budget) {
    this.#line = new WaitingLine(limits, budget);
  }

  get state(): RouteState {
    return this.#state;
  }
  /** Where {@link offer} and {@link takeNext} send to. Meaningful right after one of them said so. */
  get home(): Home | null {
    return this.#home;
  }
  /** The latest bounce known from the present home; 0 for none. Goes out with each request. */
  get seen(): number {
    return this.#seen;
  }
  get inFlight(): number {
    return this.#inFlight.size;
  }
  get waiting(): number {
    return this.#line.length;
  }
  /** How long to wait after `back-off` and `probe`. @unit milliseconds */
  get backoffMs(): number {
    return Math.min(backoffMaxMs, backoffFirstMs * 2 ** Math.max(0, this.#bounces - 1));
  }

  /** A new request. `send`: hand it to the transport now. `overloaded`: refused, not kept. */
  offer(request: R): "send" | "held" | "overloaded" {
    if (this.#state === "settled" && this.#line.length === 0) {
      this.#inFlight.add(request);
      request.place = "in-flight";
      return "send";
    }
    const isHeld = this.#line.hold(request);
    request.place = isHeld ? "held" : "gone";
    return isHeld ? "held" : "overloaded";
  }

  /**
   * After `flush` or `probe`: the next request to send, or null when the door is shut or nobody waits.
   * One at a time, so that a send that fails keeps those behind it from overtaking.
   */
  takeNext(): R | null {
    if (this.#state === "probing" && !this.#probeSent) this.#probeSent = true;
    else if (this.#state !== "settled") return null;
    const request = this.#line.takeFirst();
    if (request === null) return null;
    this.#inFlight.add(request);
    request.place = "in-flight";
    return request;
  }

  /** The home has answered for good. */
  answered(request: R): Next {
    this.#inFlight.delete(request);
    request.place = "gone";
    switch (this.#state) {
      case "settled":
        this.#bounces = 0;
        return "idle";
      case "probing":
        this.#bounces = 0;
        return this.#open();
      case "switching":
        return this.#followWhenEmpty();
      case "homeless":
      case "backing-off":
      case "unreachable":
        return "idle";
      default:
        return this.#state satisfies never;
    }
  }

  /** The transport's queue was full: the request ends, unexecuted, and says nothing about the home. */
  dropped(request: R): Next {
    this.#inFlight.delete(request);
    request.place = "gone";
    return this.#followWhenEmpty();
  }

  /** The home did not execute it (`not-hosting`, `not-yet`). `ticket` numbers the home's bounces. */
  bounced(request: R, ticket: number): Next {
    if (ticket > this.#seen) this.#seen = ticket;
    this.#return(request);
    switch (this.#state) {
      case "settled":
      case "probing":
        this.#bounces += 1;
        this.#state = "backing-off";
        return "back-off";
      case "switching":
        return this.#followWhenEmpty();
      case "homeless":
      case "backing-off":
      case "unreachable":
        return "idle";
      default:
        return this.#state satisfies never;
    }
  }

  /** The transport has no connection to the home: it was never handed over. */
  undelivered(request: R): Next {
    this.#return(request);
    switch (this.#state) {
      case "settled":
      case "probing":
      case "backing-off":
        this.#state = "unreachable";
        return "idle";
      case "switching":
        return this.#followWhenEmpty();
      case "homeless":
      case "unreachable":
        return "idle";
      default:
        return this.#state satisfies never;
    }
  }

  /**
   * The log has an entry for this shard; `target` is what it says now (null: no home).
   *
   * The same target again is news too (`shard-hosted`): a route that backs off tries at once.
   */
  moved(target: Home | null): Next {
    const unchanged = sameHome(this.#target, target);
    this.#target = target;
    if (!unchanged) return this.#follow();
    return this.#state === "backing-off" || this.#state === "probing" ? this.#open() : "idle";
  }

  /**
   * The connection to `peer` is gone, or its incarnation is declared dead.
   *
   * @returns in `removed` what was in flight: nobody knows these outcomes now. Abandoned ones are among
   * them; their callers have had that answer before.
   */
  lost(peer: NodeRef): Lost<R> {
    this.#seenElsewhere.delete(nodeKey(peer));
    if (this.#home === null || !sameNode(this.#home.node, peer)) return nothingLost;
    const removed = [...this.#inFlight];
    for (const request of removed) request.place = "gone";
    this.#inFlight.clear();
    // Bounces are numbered per connection: the home forgets them as well.
    this.#seen = 0;
    if (this.#state === "switching") return { removed, next: this.#follow() };
    if (this.#state !== "homeless") this.#state = "unreachable";
    return { removed, next: "idle" };
  }

  /** A connection to `peer` is up. */
  reached(peer: NodeRef): Next {
    if (this.#state !== "unreachable" || this.#home === null) return "idle";
    return sameNode(this.#home.node, peer) ? this.#open() : "idle";
  }

  /** The wait that `back-off` or `probe` asked for is over. */
  elapsed(): Next {
    if (this.#state === "backing-off") {
      if (this.waiting === 0) return this.#open();
      // One request only: a home that stays closed must not be sent the whole queue ten times a second.
      this.#state = "probing";
      this.#probeSent = false;
      return "probe";
    }
    // Not bounced within a backoff: it runs (or waits to run), so the rest may follow it.
    return this.#state === "probing" ? this.#open() : "idle";
  }

  /**
   * The caller waits no longer (deadline, cancellation).
   *
   * @returns `unsent`: removed, it will never run. `sent`: it may run, and its slot stays until it is
   * answered or the connection is gone. `gone`: it had ended before.
   */
  abandon(request: R): "unsent" | "sent" | "gone" {
    switch (request.place) {
      case "held":
      case "returned":
        this.#line.remove(request);
        request.place = "gone";
        return "unsent";
      case "in-flight":
        request.place = "abandoned";
        return "sent";
      case "new":
      case "abandoned":
      case "gone":
        return "gone";
      default:
        return request.place satisfies never;
    }
  }

  /** Puts an unexecuted request back where its order says; whoever gave up on it needs it no more. */
  #return(request: R): void {
    this.#inFlight.delete(request);
    if (request.place === "abandoned") {
      request.place = "gone";
      return;
    }
    request.place = "returned";
    this.#line.putBack(request);
  }

  #followWhenEmpty(): Next {
    return this.#state === "switching" && this.#inFlight.size === 0 ? this.#follow() : "idle";
  }

  /** The one door to another home: see the two mechanisms above. */
  #follow(): Next {
    const target = this.#target;
    if (target === null) {
      this.#state = "homeless";
      return "idle";
    }
    const home = this.#home;
    if (home !== null && !sameNode(home.node, target.node)) {
      if (this.#inFlight.size > 0) {
        this.#state = "switching";
        return "idle";
      }
      if (this.#seen > 0) this.#seenElsewhere.set(nodeKey(home.node), this.#seen);
      this.#seen = this.#seenElsewhere.get(nodeKey(target.node)) ?? 0;
    }
    this.#home = target;
    this.#bounces = 0;
    return this.#open();
  }

  #open(): Next {
    this.#state = "settled";
    return this.waiting > 0 ? "flush" : "idle";
  }
}

/**
 * - `homeless`: the log names no home.
 * - `settled`: requests go to the home at once.
 * - `switching`: the log names another node, and requests are in flight to the old one.
 * - `backing-off`: the home bounced a request and the log has nothing newer.
 * - `probing`: one request is under way to see whether the home takes it now.
 * - `unreachable`: no connection to the home.
 */
export type RouteState =
  | "homeless"
  | "settled"
  | "switching"
  | "backing-off"
  | "probing"
  | "unreachable";

/**
 * What the caller of a transition does now. `flush`: {@link Route.takeNext} until null. `back-off`: call
 * {@link Route.elapsed} after {@link Route.backoffMs}. `probe`: both.
 */
export type Next = "idle" | "flush" | "back-off" | "probe";

export interface Lost<R> {
  readonly removed: readonly R[];
  readonly next: Next;
}

export interface Home {
  readonly node: NodeRef;
  readonly epoch: Epoch;
}

export interface RouteRequest extends Waiting {
  /** Where the route has it; written by the route only. */
  place: RequestPlace;
}

export type RequestPlace = "new" | "held" | "returned" | "in-flight" | "abandoned" | "gone";

const backoffFirstMs = 5;
const backoffMaxMs = 100;

const nothingLost: Lost<never> = { removed: [], next: "idle" };

const nodeKey = (node: NodeRef): string => `${node.nodeId} ${node.incarnation}`;

const sameHome = (a: Home | null, b: Home | null): boolean =>
  a === null || b === null ? a === b : a.epoch === b.epoch && sameNode(a.node, b.node);
