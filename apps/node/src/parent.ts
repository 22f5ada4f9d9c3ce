import type { ShardingNode } from "@leasehold/sharding";
import type { FromNode } from "./ipc.ts";

/** The part of `process` that speaks to a parent; `send` is there only when a parent listens. */
export interface ParentChannel {
  readonly connected?: boolean;
  send?(message: FromNode): unknown;
}

/** New lives are rare, and a parent needs them only after a crash. @unit milliseconds */
const watchMs = 250;

export interface Parent {
  listening(url: string): void;
  /** Tells this life of the node, and each later one. @returns how to stop. */
  joined(node: ShardingNode, url: string): () => void;
}

/** Tells the launcher or supervisor what it needs to prove a death later. */
export function connectParent(channel: ParentChannel): Parent {
  const tell = (message: FromNode): void => {
    if (channel.connected === true) channel.send?.(message);
  };
  return {
    listening: (url) => tell({ type: "listening", url }),
    joined(node, url) {
      let told: string | null = null;
      const look = (): void => {
        const incarnation = node.incarnation();
        if (incarnation === told) return;
        told = incarnation;
        tell({ type: "joined", nodeId: node.nodeId, incarnation, url });
      };
      look();
      const timer = setInterval(look, watchMs);
      return () => clearInterval(timer);
    },
  };
}
