import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Incarnation, NodeId, NodeRef } from "../../core/ids.ts";
import { sameNode } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import { createDropCounter } from "../../ports/drop-counter.ts";
import { type LinkGate, openLinkGate } from "../../ports/gates.ts";
import type { Channel, Peer, SendResult, Transport, Variant } from "../../ports/transport.ts";
import { Acceptor } from "./acceptor.ts";
import { type CloseCode, closeCodes, meaningOf } from "./close-codes.ts";
import { Connection, ticksPerSilence } from "./connection.ts";
import { dial } from "./dial.ts";
import type { GatedSocket } from "./gated-socket.ts";
import type { HelloTerms } from "./handshake.ts";
import { defaultLimits, type WebsocketLimits } from "./limits.ts";
import { OnceLog } from "./log.ts";
import type {
  WebsocketCounters,
  WebsocketTransport,
  WebsocketTransportOptions,
} from "./mesh-api.ts";
import { endsBadly, MeshReports } from "./mesh-reports.ts";
import { PeerLink } from "./peer-link.ts";
import type { Attempt } from "./redial.ts";
import { RetiredLives } from "./retired-lives.ts";

export type { WebsocketTransport, WebsocketTransportOptions } from "./mesh-api.ts";

/** The mesh over WebSockets: two per pair of nodes, `control` and `data`. */
export function createWebsocketTransport(options: WebsocketTransportOptions): WebsocketTransport {
  return new Mesh(options);
}

class Mesh implements WebsocketTransport {
  readonly drops = createDropCounter();
  readonly #options: WebsocketTransportOptions;
  readonly #clock: Clock;
  readonly #gate: LinkGate;
  readonly #limits: WebsocketLimits;
  readonly #reports: MeshReports;
  readonly #acceptor: Acceptor;
  readonly #links = new Map<NodeId, PeerLink>();
  readonly #retired = new RetiredLives();
  readonly #messageListeners = new Set<Parameters<Transport["onMessage"]>[0]>();
  readonly #peerListeners = new Set<Parameters<Transport["onPeer"]>[0]>();
  readonly #drainListeners = new Set<() => void>();
  readonly #dialled = new Set<GatedSocket>();
  readonly #stopListening: () => void;
  #self: NodeRef;
  #cancelTick: () => void = () => undefined;
  #badFrames = 0;
  #isClosed = false;

  constructor(options: WebsocketTransportOptions) {
    this.#options = options;
    this.#self = options.self;
    this.#clock = options.clock;
    this.#gate = options.gate ?? openLinkGate;
    this.#limits = { ...defaultLimits, ...options.limits };
    const log = options.log ?? (() => undefined);
    const once = new OnceLog(log);
    this.#reports = new MeshReports(log, once);
    this.#acceptor = new Acceptor({
      terms: () => this.#terms(),
      limits: this.#limits,
      gate: this.#gate,
      clock: this.#clock,
      log: once,
      admit: (from, channel) => this.#objection(from, channel),
      accepted: (socket, from, channel) =>
        this.#linkTo(from.nodeId).install(this.#connection(socket, from, channel)),
    });
    this.#stopListening = this.#gate.onChange(() => this.#dialMissing());
    this.#tickLater();
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#acceptor.handleUpgrade(request, socket, head);
  }

  counters(): WebsocketCounters {
    const { sockets, hellos } = this.#acceptor.refused;
    return { badFrames: this.#badFrames, refusedHellos: hellos, refusedSockets: sockets };
  }

  setPeers(peers: readonly Peer[]): void {
    if (this.#isClosed) return;
    const others = peers.filter((peer) => peer.nodeId !== this.#self.nodeId);
    const listed = new Map(others.map((peer) => [peer.nodeId, this.#reports.dialable(peer)]));
    const gone = [...this.#links.values()].flatMap(({ listed: before }) => {
      const next = before === null ? undefined : listed.get(before.nodeId);
      return before !== null && (next === undefined || !sameNode(before, next)) ? [before] : [];
    });
    for (const life of gone) this.#retired.add(life);
    for (const peer of listed.values()) this.#retired.delete(peer);
    for (const nodeId of [...this.#links.keys()]) {
      if (!listed.has(nodeId)) this.#links.get(nodeId)?.list(null);
    }
    const isNew = [...listed.values()].map((peer) => this.#linkTo(peer.nodeId).list(peer));
    // Another set of peers is news: whoever could not be reached may be there now.
    if (gone.length > 0 || isNew.includes(true)) this.#dialMissing();
    this.#forgetUnused();
  }

  send(to: NodeId, channel: Channel, message: unknown, variant: Variant): SendResult {
    const connection = this.#links.get(to)?.connection(channel);
    if (connection !== null && connection !== undefined) return connection.send(message, variant);
    this.drops.count(variant, "disconnected");
    return "disconnected";
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
    return [...this.#links.values()].flatMap((link) =>
      link.isUp && link.life !== null ? [link.life] : [],
    );
  }

  setIncarnation(incarnation: Incarnation): void {
    this.#self = { nodeId: this.#self.nodeId, incarnation };
    this.#acceptor.dropPending(closeCodes.anotherLife);
    const peers = [...this.#links.values()].flatMap((link) =>
      link.listed === null ? [] : [link.listed],
    );
    this.#endAll(closeCodes.anotherLife);
    for (const peer of peers) this.#linkTo(peer.nodeId).list(peer);
  }

  async flush(timeoutMs: number): Promise<void> {
    const isDrained = (): boolean =>
      [...this.#links.values()].every((link) => link.connections().every((one) => one.isDrained));
    const done = Promise.withResolvers<void>();
    const check = (): void => {
      if (isDrained()) done.resolve();
    };
    this.#drainListeners.add(check);
    const cancel = this.#clock.after(timeoutMs, done.resolve);
    check();
    await done.promise;
    cancel();
    this.#drainListeners.delete(check);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTick();
    this.#stopListening();
    this.#endAll(closeCodes.goingAway);
    await Promise.all([
      this.#acceptor.close(),
      ...[...this.#dialled].map((socket) => socket.closed),
    ]);
  }

  #terms(): HelloTerms {
    const { cluster, secret } = this.#options;
    const { helloTimeoutMs: timeoutMs } = this.#limits;
    return { self: this.#self, cluster, secret: secret ?? "", clock: this.#clock, timeoutMs };
  }

  #linkTo(nodeId: NodeId): PeerLink {
    const known = this.#links.get(nodeId);
    if (known !== undefined) return known;
    const link = new PeerLink({
      nodeId,
      isSmaller: this.#self.nodeId < nodeId,
      clock: this.#clock,
      limits: this.#limits,
      canConnect: () => this.#gate.canConnect(nodeId),
      dial: (peer, channel, owner) => this.#dial(peer, channel, owner),
      onPeer: (peer, state) => this.#peerChanged(peer, state),
    });
    this.#links.set(nodeId, link);
    return link;
  }

  #objection(from: NodeRef, channel: Channel): CloseCode | null {
    if (this.#isClosed) return closeCodes.goingAway;
    if (this.#retired.has(from)) return closeCodes.retiredLife;
    return this.#links.get(from.nodeId)?.objection(from, channel) ?? null;
  }

  #dial(peer: Peer, channel: Channel, link: PeerLink): Attempt {
    let isGivenUp = false;
    const options = {
      peer,
      channel,
      terms: this.#terms(),
      limits: this.#limits,
      gate: this.#gate,
      clock: this.#clock,
    };
    const socket = dial(options, {
      mayProve: () => !isGivenUp && link.mayProve(channel),
      welcomed: () => link.welcomed(this.#connection(socket, peer, channel)),
      failed: (code, reason) => {
        if (isGivenUp) return;
        this.#reports.dialFailed(peer, code, reason);
        link.failed(channel);
      },
    });
    this.#dialled.add(socket);
    void socket.closed.then(() => this.#dialled.delete(socket));
    return {
      giveUp: () => {
        isGivenUp = true;
        socket.drop(closeCodes.notWanted, meaningOf(closeCodes.notWanted));
      },
    };
  }

  #connection(socket: GatedSocket, peer: NodeRef, channel: Channel): Connection {
    const { nodeId, incarnation } = peer;
    const connection: Connection = new Connection({
      clock: this.#clock,
      socket,
      peer: { nodeId, incarnation },
      channel,
      limits: this.#limits,
      drops: this.drops,
      log: (...line) => this.#options.log?.(...line),
      onMessage: (from, on, message) => this.#dispatch(from, on, message),
      onDrained: () => {
        for (const check of this.#drainListeners) check();
      },
      onEnd: (end) => {
        if (endsBadly(end)) this.#badFrames++;
        this.#reports.ended({ nodeId, incarnation }, channel, end);
        this.#links.get(nodeId)?.ended(connection);
        this.#forgetUnused();
      },
    });
    return connection;
  }

  #dispatch(from: NodeRef, channel: Channel, message: unknown): void {
    for (const listener of this.#messageListeners) {
      try {
        listener(from, channel, message);
      } catch (error) {
        // One message that its receiver cannot take must not cost the peer its connection.
        this.#options.log?.("error", "A mesh message failed in its receiver", {
          peer: from.nodeId,
          channel,
          error,
        });
      }
    }
  }

  #peerChanged(peer: NodeRef, state: "up" | "down"): void {
    if (state === "up") {
      this.#reports.connected(peer);
    }
    for (const listener of this.#peerListeners) listener(peer, state);
  }

  #dialMissing(): void {
    for (const link of this.#links.values()) link.dialMissing();
  }

  #endAll(code: CloseCode): void {
    const links = [...this.#links.values()];
    this.#links.clear();
    this.#retired.clear();
    for (const link of links) {
      link.end(code);
      link.list(null);
    }
  }

  /** A link that neither lists nor connects anybody is forgotten: whoever dials in may claim any name. */
  #forgetUnused(): void {
    for (const link of [...this.#links.values()]) {
      if (link.listed === null && link.life === null) this.#links.delete(link.nodeId);
    }
  }

  #tickLater(): void {
    this.#cancelTick = this.#clock.after(this.#limits.silenceMs / ticksPerSilence, () => {
      for (const link of [...this.#links.values()])
        for (const one of link.connections()) one.tick();
      this.#tickLater();
    });
  }
}
