import type { NodeRef, ShardRef } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DropCounter } from "../../ports/transport.ts";
import type { DataPlaneLimits } from "./limits.ts";
import type { Links } from "./links.ts";
import type { WireRequest } from "./wire.ts";

/** What the sender's half is given. */
export interface SenderPorts {
  readonly self: () => NodeRef;
  readonly clock: Clock;
  readonly links: Links;
  /** This node as a home: requests to its own shards take the same road, without the wire. */
  readonly local: LocalHome;
  readonly locate: Locate;
  readonly limits: DataPlaneLimits;
  readonly drops: DropCounter;
  /** A home says that it does not host a shard that this node's log still gives to it. */
  readonly onBehind: () => void;
}

export interface LocalHome {
  take(request: WireRequest): void;
  cancel(number: number): void;
}

/** Where this node's copy of the log puts a shard. */
export type Locate = (ref: ShardRef) => {
  readonly home: NodeRef | null;
  readonly epoch: number;
};
