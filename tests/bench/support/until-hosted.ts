import type { ShardingNode } from "@leasehold/sharding";

/** Every shard of the group `default` has a home that serves it, as this node's copy of the log has it. */
export function untilHosted(node: ShardingNode): Promise<void> {
  const isHosted = () =>
    node
      .authority()
      .state.shards.get("default")
      ?.every((row) => row.state === "hosted") === true;
  return new Promise((resolve) => {
    const check = () => {
      if (!isHosted()) return;
      stop();
      resolve();
    };
    const stop = node.onLog(check);
    check();
  });
}
