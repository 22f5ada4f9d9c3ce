import { type NodeId, type NodeRef, sameNode } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Channel, Peer } from "../../ports/transport.ts";
import { type CloseCode, closeCodes, meaningOf } from "./close-codes.ts";
import type { Connection } from "./connection.ts";
import type { WebsocketLimits } from "./limits.ts";
import { type Attempt, Redial } from "./redial.ts";

const channels: readonly Channel[] = ["control", "data"];

export interface PeerLinkOptions {
  readonly nodeId: NodeId;
  /** The smaller node id decides which of two simultaneous dials stays. */
  readonly isSmaller: boolean;
  readonly clock: Clock;
  readonly limits: WebsocketLimits;
  readonly canConnect: () => boolean;
  readonly dial: (peer: Peer, channel: Channel, link: PeerLink) => Attempt;
  readonly onPeer: (peer: NodeRef, state: "up" | "down") => void;
}

/**
 * Everything between this node and one other: at most one connection per channel, and the dials for those
 * that are missing.
 *
 * Two nodes may dial each other at the same instant. Per channel the smaller node decides, at one moment:
 * once its own proof has left it refuses the other's dial, and once it has accepted the other's dial it
 * sends no proof. The larger one follows: it gives its own dial up when it accepts. So exactly one
 * connection stays, and none that was ever up is replaced.
 *
 * The link is up when both channels are there, and ends as a whole when one does: a peer whose requests
 * arrive and whose directives do not is not a peer.
 */
export class PeerLink {
  readonly nodeId: NodeId;
  readonly #options: PeerLinkOptions;
  readonly #slots = new Map<Channel, Connection>();
  readonly #redials: Readonly<Record<Channel, Redial>>;
  #listed: Peer | null = null;
  #life: NodeRef | null = null;
  #upSinceMs = 0;
  #cancelPairing: (() => void) | null = null;

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.nodeId = options.nodeId;
    const redial = (channel: Channel): Redial =>
      new Redial({
        clock: options.clock,
        limits: options.limits,
        mayDial: () => this.#wants(channel),
        open: () => options.dial(this.#listed as Peer, channel, this),
      });
    this.#redials = { control: redial("control"), data: redial("data") };
  }

  get listed(): Peer | null {
    return this.#listed;
  }

  /** The life whose connections these are. */
  get life(): NodeRef | null {
    return this.#life;
  }

  get isUp(): boolean {
    return this.#slots.size === channels.length;
  }

  /** The connection to send on: none before the link is up. */
  connection(channel: Channel): Connection | null {
    return this.isUp ? (this.#slots.get(channel) ?? null) : null;
  }

  connections(): readonly Connection[] {
    return [...this.#slots.values()];
  }

  /**
   * Whom to dial; null: nobody. A connected life that is not the listed one any more is closed. One that
   * was never listed stays: it has dialled in, and others will learn of it soon.
   *
   * @returns whether this was news.
   */
  list(peer: Peer | null): boolean {
    const before = this.#listed;
    this.#listed = peer;
    if (
      peer !== null &&
      before !== null &&
      sameNode(peer, before) &&
      peer.address === before.address
    )
      return false;
    const isOver =
      peer === null ? this.#isLife(before) : this.#life !== null && !this.#isLife(peer);
    if (isOver) this.end(closeCodes.notWanted);
    for (const redial of Object.values(this.#redials)) {
      redial.stop();
      redial.forgetFailures();
    }
    this.dialMissing();
    return true;
  }

  /** Dials at once what is missing and may be dialled, instead of at the end of its pause. */
  dialMissing(): void {
    for (const channel of channels) this.#redials[channel].start();
  }

  /** @returns why a dial of this peer is refused, or null. */
  objection(from: NodeRef, channel: Channel): CloseCode | null {
    if (this.#life !== null && !this.#isLife(from)) return closeCodes.alreadyConnected;
    // The larger node takes the smaller one's word: it dials only when it has no connection left.
    if (!this.#options.isSmaller) return null;
    const isTaken = this.#slots.has(channel) || this.#redials[channel].isCommitted;
    return isTaken ? closeCodes.alreadyConnected : null;
  }

  /** Whether the own dial may go on to its proof, which commits this side. */
  mayProve(channel: Channel): boolean {
    if (!this.#wants(channel)) return false;
    this.#redials[channel].commit();
    return true;
  }

  /** The own dial has ended without a connection. */
  failed(channel: Channel): void {
    this.#redials[channel].settle();
    if (this.#listed !== null) this.#redials[channel].startLater();
  }

  /** The own dial was welcomed: what it opened is a connection from now on. */
  welcomed(connection: Connection): void {
    this.#redials[connection.channel].settle();
    this.install(connection);
  }

  /** A proven connection takes its place; a dial of the same channel is over. */
  install(connection: Connection): void {
    if (this.#slots.has(connection.channel)) this.end(closeCodes.alreadyConnected);
    this.#redials[connection.channel].stop();
    this.#life = connection.peer;
    this.#slots.set(connection.channel, connection);
    if (!this.isUp) return this.#awaitOther();
    this.#endPairing();
    this.#upSinceMs = this.#options.clock.monotonicMs();
    this.#options.onPeer(connection.peer, "up");
    for (const one of this.connections()) one.open();
  }

  /** One of the connections has ended, on whichever side. */
  ended(connection: Connection): void {
    if (this.#slots.get(connection.channel) !== connection) return;
    const wasStable =
      this.isUp &&
      this.#options.clock.monotonicMs() - this.#upSinceMs >= this.#options.limits.backoffMaxMs;
    this.end(closeCodes.otherChannelEnded);
    for (const redial of Object.values(this.#redials)) {
      // Dialling at once is for a link that worked: one that ends as soon as it is up would spin.
      if (wasStable) redial.forgetFailures();
      if (wasStable) redial.start();
      else if (this.#listed !== null) redial.startLater();
    }
  }

  /** Ends both connections. `down` is reported before this returns. */
  end(code: CloseCode): void {
    const peer = this.#life;
    const wasUp = this.isUp;
    const connections = this.connections();
    this.#slots.clear();
    this.#life = null;
    this.#endPairing();
    for (const connection of connections) connection.end(code, meaningOf(code));
    if (wasUp && peer !== null) this.#options.onPeer(peer, "down");
  }

  #isLife(ref: NodeRef | null): boolean {
    return ref !== null && this.#life !== null && sameNode(ref, this.#life);
  }

  #wants(channel: Channel): boolean {
    const peer = this.#listed;
    if (peer === null || peer.address === "" || this.#slots.has(channel)) return false;
    return (this.#life === null || this.#isLife(peer)) && this.#options.canConnect();
  }

  /** A first channel whose sibling never comes must not look connected to the other side for ever. */
  #awaitOther(): void {
    if (this.#cancelPairing !== null) return;
    const { clock, limits } = this.#options;
    this.#cancelPairing = clock.after(limits.helloTimeoutMs + 2 * limits.backoffMaxMs, () => {
      this.#cancelPairing = null;
      for (const only of this.connections())
        only.end(closeCodes.helloTimeout, "the other channel did not come");
    });
  }

  #endPairing(): void {
    this.#cancelPairing?.();
    this.#cancelPairing = null;
  }
}
