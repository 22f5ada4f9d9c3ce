import type { Incarnation, NodeId, NodeRef } from "../../core/ids.ts";
import type { DropCounter, SendResult, Transport, Variant } from "../../ports/transport.ts";

/**
 * Which lives of other nodes can be spoken to.
 *
 * The transport sends to a node id; a request is meant for one life of it. Sent to the next life it
 * would count as delivered to a home that does not exist any more.
 */
export class Links {
  readonly #transport: Transport;
  readonly #drops: DropCounter;
  readonly #up = new Map<NodeId, Incarnation>();
  /** Homes that take no request any more, while they are still connected. */
  readonly #departed = new Set<Incarnation>();

  constructor(transport: Transport, drops: DropCounter) {
    this.#transport = transport;
    this.#drops = drops;
    for (const peer of transport.connected()) this.up(peer);
  }

  up(peer: NodeRef): void {
    this.#up.set(peer.nodeId, peer.incarnation);
  }

  down(peer: NodeRef): void {
    if (this.isUp(peer)) this.#up.delete(peer.nodeId);
    this.#departed.delete(peer.incarnation);
  }

  /** No request goes to this life any more; replies and cancels do. */
  depart(home: NodeRef): void {
    this.#departed.add(home.incarnation);
  }

  isUp(peer: NodeRef): boolean {
    return this.#up.get(peer.nodeId) === peer.incarnation;
  }

  request(to: NodeRef, message: unknown): SendResult {
    if (!this.#departed.has(to.incarnation)) return this.send(to, message, "request");
    this.#drops.count("request", "disconnected");
    return "disconnected";
  }

  /** What cannot be handed over is counted here or by the transport, whichever refused it. */
  send(to: NodeRef, message: unknown, variant: Variant): SendResult {
    if (!this.isUp(to)) {
      this.#drops.count(variant, "disconnected");
      return "disconnected";
    }
    return this.#transport.send(to.nodeId, "data", message, variant);
  }
}
