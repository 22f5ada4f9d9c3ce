import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { NodeRef } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LinkGate } from "../../ports/gates.ts";
import type { DropCounter, Transport } from "../../ports/transport.ts";
import type { WebsocketLimits } from "./limits.ts";
import type { Log } from "./log.ts";

export interface WebsocketTransportOptions {
  readonly self: NodeRef;
  /** Nodes of another cluster are refused. */
  readonly cluster: string;
  /** Shared by all nodes. null or empty: only loopback may connect and be dialled. */
  readonly secret: string | null;
  readonly clock: Clock;
  /** Where faults act. @default passes everything */
  readonly gate?: LinkGate;
  readonly limits?: Partial<WebsocketLimits>;
  /** @default silent */
  readonly log?: Log;
}

export interface WebsocketTransport extends Transport {
  /** For the `upgrade` event of the HTTP server, for requests to `/mesh`. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  readonly drops: DropCounter;
  counters(): WebsocketCounters;
}

export interface WebsocketCounters {
  /** Connections of proven peers that ended for a frame: too large, or no list of plain messages. */
  readonly badFrames: number;
  readonly refusedHellos: number;
  readonly refusedSockets: number;
}
