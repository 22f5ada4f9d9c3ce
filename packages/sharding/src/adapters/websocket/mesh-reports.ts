import type { NodeRef } from "../../core/ids.ts";
import type { Channel, Peer } from "../../ports/transport.ts";
import { closeCodes, explain, meaningOf } from "./close-codes.ts";
import type { SocketEnd } from "./gated-socket.ts";
import type { Log, OnceLog } from "./log.ts";

/** What the mesh tells an operator about its connections. */
export class MeshReports {
  readonly #log: Log;
  readonly #once: OnceLog;

  constructor(log: Log, once: OnceLog) {
    this.#log = log;
    this.#once = once;
  }

  /** A peer whose address is no URL stays listed: it may dial in. */
  dialable(peer: Peer): Peer {
    const { nodeId, address } = peer;
    if (URL.canParse(address)) return peer;
    const message = `The address of ${nodeId} is not a URL`;
    this.#once.say(`address ${nodeId}`, "error", message, { peer: nodeId, address });
    return { ...peer, address: "" };
  }

  /** Once per peer and cause until it connects: a dial is repeated every second, its report is not. */
  dialFailed({ nodeId, incarnation, address }: Peer, code: number, reason: string): void {
    if (code === closeCodes.alreadyConnected || code === closeCodes.goingAway) return;
    const isOurs = code >= 4000;
    const why = isOurs ? explain(code, reason) : reason;
    this.#once.say(
      `dial ${nodeId} ${incarnation} ${why}`,
      isOurs ? "warn" : "info",
      `Cannot connect to ${nodeId} at ${address}: ${why}`,
      { peer: nodeId, incarnation, address, code },
    );
  }

  connected(peer: NodeRef): void {
    this.#once.forgetAll(`dial ${peer.nodeId} `);
    this.#log("info", `Mesh connected to ${peer.nodeId}`, { ...peer });
  }

  ended({ nodeId, incarnation }: NodeRef, channel: Channel, end: SocketEnd): void {
    const { code, local } = end;
    const why = end.reason || meaningOf(code);
    const message = `Mesh ${channel} connection to ${nodeId} ended: ${why}`;
    this.#log("info", message, { peer: nodeId, incarnation, channel, code, local });
  }
}

const badEnds: readonly number[] = [
  closeCodes.protocolError,
  closeCodes.notBinary,
  closeCodes.badFrame,
  closeCodes.tooBig,
];

/** This side ended the connection for what the peer sent. */
export const endsBadly = ({ code, local }: SocketEnd): boolean => local && badEnds.includes(code);
