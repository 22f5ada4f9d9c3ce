/** A node of scale.ts in a process of its own: says when every shard is hosted. Ends with its parent. */
import { startNode } from "@leasehold/sharding";
import { untilHosted } from "../support/until-hosted.ts";

const [, , databaseUrl = "", cluster = "", nodeId = "", shards] = process.argv;
const node = await startNode({
  databaseUrl,
  cluster,
  nodeId,
  shards: Number(shards),
  entities: [],
});
await untilHosted(node);
process.send?.("hosted");
process.on("disconnect", () => process.exit(0));
