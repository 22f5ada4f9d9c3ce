import { type Incarnation, type NodeId, type NodeRef, sameNode } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import { createDropCounter } from "../../ports/drop-counter.ts";
import { type LinkGate, openLinkGate } from "../../ports/gates.ts";
import type {
  Channel,
  DropCounter,
  Peer,
  SendResult,
  Transport,
  Variant,
} from "../../ports/transport.ts";
import { type LinkEnd, type LinkOwner, openLink } from "./transport-link.ts";

export interface MemoryNetworkOptions {
  /** Frames, connections and their ends all travel through its timers. */
  readonly clock: Clock;
  /** Of one way, asked once per frame. @unit milliseconds @default 0 */
  readonly latencyMs?: () => number;
  /** From a link's end, or from a news about peers, to the next attempt. @unit milliseconds @default 20 */
  readonly redialMs?: number;
  /** How long a cut link still counts as connected. @unit milliseconds @default 3000 */
  readonly silenceMs?: number;
  /** Waiting messages per peer and channel. @default 65536 */
  readonly queueMessages?: number;
  /** @default 16 MiB */
  readonly queueBytes?: number;
}

export interface MemoryTransport extends Transport {
  readonly drops: DropCounter;
  /** Half-open: this end of the link is gone, and the news of it never reaches the other. */
  breakHere(peer: NodeId): void;
}

export interface MemoryNetwork {
  /** A node's transport. Peers are found by node id and incarnation; addresses are not looked at. */
  transport(self: NodeRef, gate?: LinkGate): MemoryTransport;
}

/** The mesh without sockets: the same promises (ports/transport.ts), one process, anybody's clock. */
export function createMemoryNetwork(options: MemoryNetworkOptions): MemoryNetwork {
  const network = new Network(options);
  return { transport: (self, gate = openLinkGate) => new Node(network, self, gate) };
}

class Network {
  readonly options: Required<MemoryNetworkOptions>;
  readonly #nodes = new Set<Node>();

  constructor(options: MemoryNetworkOptions) {
    this.options = {
      latencyMs: () => 0,
      redialMs: 20,
      silenceMs: 3_000,
      queueMessages: 65_536,
      queueBytes: 16 * 1024 * 1024,
      ...options,
    };
  }

  add(node: Node): void {
    this.#nodes.add(node);
  }

  remove(node: Node): void {
    this.#nodes.delete(node);
  }

  /** Links everybody whom this node may now reach, or who may reach it. */
  connect(node: Node): void {
    for (const other of [...this.#nodes]) {
      if (other !== node && mayLink(node, other)) openLink(this.options, node, other);
    }
  }
}

/** Either side may dial, both must agree: no cut, no other life in the way, none that is over. */
function mayLink(a: Node, b: Node): boolean {
  const isDialled = a.lists(b.self) || b.lists(a.self);
  return isDialled && a.accepts(b.self) && b.accepts(a.self);
}

class Node implements MemoryTransport, LinkOwner {
  readonly drops = createDropCounter();
  readonly gate: LinkGate;
  readonly #network: Network;
  readonly #links = new Map<NodeId, LinkEnd>();
  readonly #retired = new Set<string>();
  readonly #messageListeners = new Set<Parameters<Transport["onMessage"]>[0]>();
  readonly #peerListeners = new Set<Parameters<Transport["onPeer"]>[0]>();
  readonly #stopListening: () => void;
  #listed = new Map<NodeId, NodeRef>();
  #self: NodeRef;
  #isClosed = false;

  constructor(network: Network, self: NodeRef, gate: LinkGate) {
    this.#network = network;
    this.#self = self;
    this.gate = gate;
    network.add(this);
    this.#stopListening = gate.onChange(() => this.#connectAfter(0));
    this.#connectAfter(0);
  }

  get self(): NodeRef {
    return this.#self;
  }

  lists(ref: NodeRef): boolean {
    const listed = this.#listed.get(ref.nodeId);
    return listed !== undefined && sameNode(listed, ref);
  }

  accepts(ref: NodeRef): boolean {
    const isTaken = ref.nodeId === this.#self.nodeId || this.#links.has(ref.nodeId);
    if (this.#isClosed || isTaken || this.#retired.has(keyOf(ref))) return false;
    return this.gate.canConnect(ref.nodeId);
  }

  setPeers(peers: readonly Peer[]): void {
    if (this.#isClosed) return;
    const before = this.#listed;
    this.#listed = new Map(
      peers.map(({ nodeId, incarnation }) => [nodeId, { nodeId, incarnation }]),
    );
    for (const life of before.values()) {
      if (!this.lists(life)) this.#retire(life);
    }
    for (const life of this.#listed.values()) {
      this.#retired.delete(keyOf(life));
      const known = before.get(life.nodeId);
      if (known === undefined || !sameNode(known, life)) this.#closeOtherLife(life);
    }
    this.#connectAfter(0);
  }

  send(to: NodeId, channel: Channel, message: unknown, variant: Variant): SendResult {
    const result = this.#links.get(to)?.send(channel, message, variant) ?? "disconnected";
    if (result !== "queued") this.drops.count(variant, result);
    return result;
  }

  onMessage(fn: Parameters<Transport["onMessage"]>[0]): () => void {
    this.#messageListeners.add(fn);
    return () => this.#messageListeners.delete(fn);
  }

  onPeer(fn: Parameters<Transport["onPeer"]>[0]): () => void {
    this.#peerListeners.add(fn);
    return () => this.#peerListeners.delete(fn);
  }

  connected(): readonly NodeRef[] {
    return [...this.#links.values()].map((end) => end.peer);
  }

  setIncarnation(incarnation: Incarnation): void {
    this.#self = { nodeId: this.#self.nodeId, incarnation };
    this.#retired.clear();
    for (const end of [...this.#links.values()]) end.close();
    this.#connectAfter(0);
  }

  async flush(timeoutMs: number): Promise<void> {
    const done = Promise.withResolvers<void>();
    const ends = [...this.#links.values()];
    const check = (): void => {
      if (ends.every((end) => end.isDrained)) done.resolve();
    };
    const stops = ends.map((end) => end.onDrained(check));
    const cancel = this.#network.options.clock.after(timeoutMs, done.resolve);
    check();
    await done.promise;
    cancel();
    for (const stop of stops) stop();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopListening();
    this.#network.remove(this);
    for (const end of [...this.#links.values()]) end.close();
  }

  breakHere(peer: NodeId): void {
    this.#links.get(peer)?.breakHere();
  }

  linked(end: LinkEnd): void {
    this.#links.set(end.peer.nodeId, end);
    for (const listener of this.#peerListeners) listener(end.peer, "up");
  }

  unlinked(end: LinkEnd): void {
    if (this.#links.get(end.peer.nodeId) !== end) return;
    this.#links.delete(end.peer.nodeId);
    for (const listener of this.#peerListeners) listener(end.peer, "down");
    this.#connectAfter(this.#network.options.redialMs);
  }

  received(from: NodeRef, channel: Channel, message: unknown): void {
    for (const listener of this.#messageListeners) listener(from, channel, message);
  }

  #retire(life: NodeRef): void {
    this.#retired.add(keyOf(life));
    const end = this.#links.get(life.nodeId);
    if (end !== undefined && sameNode(end.peer, life)) end.close();
  }

  #closeOtherLife(life: NodeRef): void {
    const end = this.#links.get(life.nodeId);
    if (end !== undefined && !sameNode(end.peer, life)) end.close();
  }

  #connectAfter(delayMs: number): void {
    this.#network.options.clock.after(delayMs, () => {
      if (!this.#isClosed) this.#network.connect(this);
    });
  }
}

const keyOf = (ref: NodeRef): string => `${ref.incarnation} ${ref.nodeId}`;
