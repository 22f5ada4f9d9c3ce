import type { Duplex } from "node:stream";
import type { NodeId } from "../core/ids.ts";

/**
 * Where faults act: under the code that they test, on frames and bytes. The defaults pass everything.
 * The engine that sets them (apps/node) never appears inside the protocol.
 */
export interface LinkGate {
  /**
   * Passes one frame between this node and a peer, in order per (peer, direction, channel): calls
   * `deliver` at once, later (slow), or when the cut heals. What a closed connection still held is dropped
   * by the transport (`deliver` then does nothing).
   *
   * @param frame its bytes, to be looked at only; without them the end of a connection passes.
   */
  pass(
    peer: NodeId,
    direction: "in" | "out",
    channel: string,
    deliver: () => void,
    frame?: Uint8Array,
  ): void;
  /** False while connecting to this peer would hang (any direction of the link is cut). */
  canConnect(peer: NodeId): boolean;
  /** Called when `canConnect` may have changed, so that dialling need not poll. */
  onChange(fn: () => void): () => void;
}

export const openLinkGate: LinkGate = {
  pass: (_peer, _direction, _channel, deliver) => deliver(),
  canConnect: () => true,
  onChange: () => () => undefined,
};

/** Makes the socket for one Postgres connection (node-postgres `stream` option). */
export type PostgresStream = () => Duplex;
