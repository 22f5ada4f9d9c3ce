/** The other process of scene.ts: a node that owns every shard. Ends with its parent. */
import { startNode } from "@leasehold/sharding";
import { untilHosted } from "../support/until-hosted.ts";
import { Counter } from "./counter.ts";

const databaseUrl = process.argv[2] ?? "";
const node = await startNode({ databaseUrl, nodeId: "home", entities: [Counter] });
await untilHosted(node);
process.on("disconnect", () => process.exit(0));
process.send?.("hosted");
