import { WebSocket } from "ws";
import type { Clock } from "../../ports/clock.ts";
import type { LinkGate } from "../../ports/gates.ts";
import type { Channel, Peer } from "../../ports/transport.ts";
import { closeCodes, meaningOf } from "./close-codes.ts";
import { GatedSocket } from "./gated-socket.ts";
import { type Dialler, type HelloTerms, sayHello } from "./handshake.ts";
import type { WebsocketLimits } from "./limits.ts";
import { isLoopback } from "./loopback.ts";

export interface DialOptions {
  readonly peer: Peer;
  readonly channel: Channel;
  readonly terms: HelloTerms;
  readonly limits: WebsocketLimits;
  readonly gate: LinkGate;
  readonly clock: Clock;
}

/**
 * Connects to a peer's `/mesh` and says hello.
 *
 * @returns the socket, so that the attempt can be given up. Every outcome goes to `dialler`, once.
 * @throws {SyntaxError} the peer's address is not a URL.
 */
export function dial(options: DialOptions, dialler: Dialler): GatedSocket {
  const { peer, channel, limits, terms } = options;
  const ws = new WebSocket(meshUrl(peer.address), {
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: limits.maxFrameBytes,
    handshakeTimeout: limits.helloTimeoutMs,
  });
  const socket = new GatedSocket({
    ws,
    gate: options.gate,
    clock: options.clock,
    remote: peer.address,
    maxHeldBytes: limits.socketBytes,
  });
  socket.listen(
    () => undefined,
    ({ code, reason }) => dialler.failed(code, reason || meaningOf(code)),
  );
  let isReachable = true;
  ws.on("upgrade", (response) => {
    // Without a secret anybody could prove anything: then only this machine is believed.
    isReachable = terms.secret !== "" || isLoopback(response.socket.remoteAddress);
  });
  ws.on("open", () => {
    if (socket.isEnded) return;
    if (!isReachable)
      return socket.drop(closeCodes.secretMissing, meaningOf(closeCodes.secretMissing));
    socket.identify(peer.nodeId, channel);
    sayHello(socket, terms, peer, channel, dialler);
  });
  return socket;
}

function meshUrl(address: string): URL {
  const url = new URL("/mesh", address);
  url.protocol = url.protocol === "https:" || url.protocol === "wss:" ? "wss:" : "ws:";
  return url;
}
