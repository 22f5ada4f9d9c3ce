import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { NodeRef } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LinkGate } from "../../ports/gates.ts";
import type { Channel } from "../../ports/transport.ts";
import { type CloseCode, closeCodes, explain, meaningOf } from "./close-codes.ts";
import { GatedSocket } from "./gated-socket.ts";
import { acceptHello, type HelloTerms } from "./handshake.ts";
import { maxHelloBytes } from "./hello.ts";
import type { WebsocketLimits } from "./limits.ts";
import type { OnceLog } from "./log.ts";
import { isLoopback } from "./loopback.ts";

export interface AcceptorOptions {
  readonly terms: () => HelloTerms;
  readonly limits: WebsocketLimits;
  readonly gate: LinkGate;
  readonly clock: Clock;
  readonly log: OnceLog;
  readonly admit: (from: NodeRef, channel: Channel) => CloseCode | null;
  readonly accepted: (socket: GatedSocket, from: NodeRef, channel: Channel) => void;
}

/** The largest hello, the proof, and the frames around them. */
const maxUnprovenBytes = maxHelloBytes + 256;

/** Takes upgrades of `/mesh` within a budget of sockets, and lets each prove itself. */
export class Acceptor {
  readonly #options: AcceptorOptions;
  readonly #server: WebSocketServer;
  /** Oldest first. */
  readonly #pending = new Set<GatedSocket>();
  readonly #sockets = new Set<GatedSocket>();
  #refusedSockets = 0;
  #refusedHellos = 0;
  #isClosed = false;

  constructor(options: AcceptorOptions) {
    this.#options = options;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      autoPong: false,
      maxPayload: options.limits.maxFrameBytes,
    });
  }

  /** Upgrades that were turned away, by budget, origin or address; and hellos that failed. */
  get refused(): { readonly sockets: number; readonly hellos: number } {
    return { sockets: this.#refusedSockets, hellos: this.#refusedHellos };
  }

  handleUpgrade(request: IncomingMessage, raw: Duplex, head: Buffer): void {
    const objection = this.#objection(request);
    if (objection !== null) return this.#turnAway(request, raw, ...objection);
    this.#server.handleUpgrade(request, raw, head, (ws) => {
      this.#makeRoom();
      const { gate, clock, limits } = this.#options;
      const { remoteAddress, remotePort } = request.socket;
      // A peer that has closed meanwhile has no address any more.
      const remote =
        remoteAddress === undefined ? "a peer that has gone" : `${remoteAddress}:${remotePort}`;
      const socket = new GatedSocket({ ws, gate, clock, remote, maxHeldBytes: limits.socketBytes });
      this.#sockets.add(socket);
      void socket.closed.then(() => {
        this.#sockets.delete(socket);
        this.#pending.delete(socket);
      });
      limitUnproven(raw, socket);
      this.#greet(socket, remoteAddress ?? "?");
    });
  }

  /** Ends what has not proven itself: hellos are made for one life of this node. */
  dropPending(code: CloseCode): void {
    for (const socket of this.#pending) socket.drop(code, meaningOf(code));
  }

  /** Refuses everything from now on. Connections belong to whoever accepted them. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.dropPending(closeCodes.goingAway);
    await Promise.all([...this.#sockets].map((socket) => socket.closed));
  }

  #objection(request: IncomingMessage): [status: string, why: string] | null {
    if (this.#isClosed) return ["503 Service Unavailable", "this node is closing"];
    // Nodes never send an Origin. A browser always does, and any page may open a socket to loopback.
    if (request.headers.origin !== undefined)
      return ["403 Forbidden", "a browser may not join the mesh"];
    const isOpen = this.#options.terms().secret === "";
    if (isOpen && !isLoopback(request.socket.remoteAddress)) {
      return ["403 Forbidden", meaningOf(closeCodes.secretMissing)];
    }
    const isFull = this.#sockets.size >= this.#options.limits.maxSockets;
    return isFull ? ["503 Service Unavailable", "too many mesh sockets"] : null;
  }

  /**
   * The oldest hello under way gives way to a new socket: a peer needs a few milliseconds for its hello, a
   * flood holds its sockets for as long as it can.
   */
  #makeRoom(): void {
    const [oldest] = this.#pending;
    if (oldest === undefined || this.#pending.size < this.#options.limits.maxPendingSockets) return;
    this.#pending.delete(oldest);
    oldest.terminate(closeCodes.helloTimeout, "too many hellos at once");
  }

  #greet(socket: GatedSocket, host: string): void {
    const { terms, admit, accepted, log } = this.#options;
    this.#pending.add(socket);
    acceptHello(socket, terms(), {
      admit,
      accepted: (from, channel) => {
        this.#pending.delete(socket);
        log.forgetAll(`refused ${host} `);
        accepted(socket, from, channel);
      },
      refused: (code, claimed, reason) => {
        this.#pending.delete(socket);
        this.#refusedHellos++;
        if (code === closeCodes.alreadyConnected || code === closeCodes.goingAway) return;
        const fields = { remote: socket.remote, claims: claimed?.nodeId ?? null, code };
        log.say(
          `refused ${host} ${code}`,
          "warn",
          `Refused a mesh connection from ${socket.remote}: ${explain(code, reason)}`,
          fields,
        );
      },
    });
  }

  #turnAway(request: IncomingMessage, raw: Duplex, status: string, why: string): void {
    this.#refusedSockets++;
    const { remoteAddress: remote } = request.socket;
    this.#options.log.say(
      `turned away ${remote} ${why}`,
      "warn",
      `Turned a mesh socket from ${remote} away: ${why}`,
      { remote },
    );
    raw.on("error", () => raw.destroy());
    raw.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
      raw.destroy(),
    );
  }
}

/**
 * Until the hello is over, the other side may not send more bytes than a hello has: a frame is only
 * checked when it is complete, and up to the frame limit it would be kept.
 */
function limitUnproven(raw: Duplex, socket: GatedSocket): void {
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (socket.isProven || socket.isEnded) raw.off("data", count);
    else if (bytes > maxUnprovenBytes) socket.drop(closeCodes.tooBig, meaningOf(closeCodes.tooBig));
  };
  raw.on("data", count);
}
