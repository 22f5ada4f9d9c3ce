import type { ClusterState } from "../core/cluster.ts";
import { type Incarnation, type NodeId, type NodeRef, sameNode } from "../core/ids.ts";
import { type Watches, watch } from "../core/membership.ts";
import { type Links, seeLinks, unreachedIn } from "../core/reach.ts";
import type { LogFn } from "../node-api.ts";
import type { Clock } from "../ports/clock.ts";
import type { LeaseRow } from "../ports/lease-session.ts";
import type { ProcessTable } from "../ports/processes.ts";
import type { Refusals } from "../ports/refusals.ts";
import type { Peer, Transport } from "../ports/transport.ts";

export interface PeersPorts {
  readonly nodeId: NodeId;
  readonly ttlMs: number;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly processes: ProcessTable;
  /** Given only where a refused connection counts as a proof of death. */
  readonly refusals: Refusals | null;
  readonly cluster: () => ClusterState;
  readonly log: LogFn;
}

export interface PeersEvents {
  /** Worth looking for a proof that somebody is dead. `again` counts the looks from 0. */
  suspect(peer: NodeRef, again: number): void;
  refused(peer: NodeRef): void;
}

/** When to look after a connection has closed: at once, and again while the kernel cleans up. @unit milliseconds */
const looksMs = [0, 10, 20, 40, 80, 160, 320];

/** The other nodes: whom to be connected to, and what their lease counters do. */
export class Peers {
  readonly #ports: PeersPorts;
  readonly #events: PeersEvents;
  #leases: readonly LeaseRow[] = [];
  #watches: Watches = new Map();
  #links: Links = new Map();

  constructor(ports: PeersPorts, events: PeersEvents) {
    this.#ports = ports;
    this.#events = events;
  }

  get leases(): readonly LeaseRow[] {
    return this.#leases;
  }
  get watches(): Watches {
    return this.#watches;
  }

  /** Lives that this node cannot reach, by links that were down for a while. */
  unreached(): readonly Incarnation[] {
    this.seeLinks();
    return unreachedIn(this.#links);
  }

  /** Looks at the links: at each heartbeat, and whenever one of them comes up or goes down. */
  seeLinks(): void {
    const { nodeId, ttlMs, transport, clock } = this.#ports;
    const others = this.#leases.filter((row) => row.state === "alive" && row.nodeId !== nodeId);
    const lives = others.map((row) => row.incarnation);
    const connected = new Set(transport.connected().map((peer) => peer.incarnation));
    this.#links = seeLinks(this.#links, lives, connected, clock.monotonicMs(), ttlMs);
  }

  heard(leases: readonly LeaseRow[], receivedAtMs: number): void {
    this.#leases = leases;
    this.#watches = watch(this.#watches, leases, receivedAtMs);
    for (const { state, process } of leases) {
      if (state === "alive" && process !== null) this.#ports.processes.observe(process);
    }
    this.connect();
  }

  /**
   * Whether this life's lease row was read, and its process looked at. A life that dies before that has
   * no proof of its death, and its shards wait for the watched ttl.
   */
  knows(peer: NodeRef): boolean {
    const seen = this.#watches.get(peer.nodeId);
    return seen !== undefined && sameNode(seen, peer);
  }

  /** Lives that hold a lease, and members by the log. */
  connect(): void {
    const peers = new Map<NodeId, Peer>();
    for (const { nodeId, incarnation, address, state } of this.#leases) {
      if (state === "alive") peers.set(nodeId, { nodeId, incarnation, address });
    }
    for (const { nodeId, incarnation, address, state } of this.#ports.cluster().nodes.values()) {
      // A drained node without a lease has left.
      if (state === "dead" || state === "drained" || peers.has(nodeId)) continue;
      peers.set(nodeId, { nodeId, incarnation, address });
    }
    peers.delete(this.#ports.nodeId);
    this.#ports.transport.setPeers([...peers.values()]);
  }

  /** A connection that closes is often a death. Without a proof nothing follows from it. */
  down(peer: NodeRef): void {
    looksMs.forEach((delayMs, again) => {
      this.#ports.clock.after(delayMs, () => {
        this.#events.suspect(peer, again);
        this.#askRefusal(peer);
      });
    });
  }

  agesMs(): ReadonlyMap<NodeId, number> {
    const nowMs = this.#ports.clock.monotonicMs();
    return new Map([...this.#watches].map(([nodeId, seen]) => [nodeId, nowMs - seen.changedAtMs]));
  }

  #askRefusal(peer: NodeRef): void {
    const { refusals, log } = this.#ports;
    const row = this.#ports.cluster().nodes.get(peer.nodeId);
    if (refusals === null || row === undefined || row.state === "dead" || !sameNode(row, peer))
      return;
    const { address } = row;
    refusals.isRefused(address).then(
      (isRefused) => isRefused && this.#events.refused(peer),
      (error: unknown) =>
        log("warn", "an address could not be asked", { address, error: String(error) }),
    );
  }
}
