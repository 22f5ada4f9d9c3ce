import type { Incarnation, NodeId } from "@leasehold/sharding/observe";

/**
 * What a parent (the launcher, `leasehold supervise`) and its node say over the IPC channel that
 * Node.js gives a child spawned with stdio `ipc`. When the channel closes the parent is gone, and the
 * node stops by itself.
 */
export type ToNode = {
  /** The whole cluster stops: no handoffs. The node ends with exit code 0. */
  readonly type: "stop-cluster";
};

export type FromNode =
  /** The port is bound; health answers, nothing else does yet. */
  | { readonly type: "listening"; readonly url: string }
  /** Joined. Sent again with each new incarnation, after a lost lease. */
  | {
      readonly type: "joined";
      readonly nodeId: NodeId;
      readonly incarnation: Incarnation;
      readonly url: string;
    };

export const isToNode = (message: unknown): message is ToNode =>
  typeof message === "object" &&
  message !== null &&
  "type" in message &&
  message.type === "stop-cluster";
