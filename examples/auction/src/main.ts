import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { type Beside, type LaunchedCluster, runLauncher } from "@leasehold/node/launcher";
import { type ShardingNode, startNode } from "@leasehold/sharding";
import { Lot } from "./lot.ts";
import { Purse } from "./purse.ts";
import { serveWeb } from "./web/server.ts";

/** `pnpm auction`: a cluster that runs the auction's entities, and a web server before it. Flags as of `pnpm start`. */
process.env["LEASEHOLD_ENTITIES"] = fileURLToPath(new URL("./entities.ts", import.meta.url));
process.env["LEASEHOLD_CLUSTER"] ||= "auction";
const ours = ["--data-dir", ".leasehold/auction", "--shards", "32", "--load", "0"];
const given = process.argv.slice(2).filter((argument) => argument !== "--");
process.exit(await runLauncher([...ours, ...given], openTheDoors));

async function openTheDoors(cluster: LaunchedCluster): Promise<Beside> {
  await using opened = new AsyncDisposableStack();
  const node = await startNode({
    ...cluster.joining,
    nodeId: "auction-web",
    proxy: true,
    entities: [Lot, Purse],
  });
  opened.defer(() => node.stop());
  const web = await serveWeb(node, cluster);
  opened.defer(() => web.stop());
  await putUpSamples(node);
  const all = opened.move();
  return { places: { auction: web.url }, stop: () => all.disposeAsync() };
}

/** Something to bid for, at each start. */
async function putUpSamples(node: ShardingNode): Promise<void> {
  const samples = [
    { title: "A brass sextant", reserve: 120, closesInMs: 120_000 },
    { title: "The lighthouse, unlit", reserve: 400, closesInMs: 300_000 },
    { title: "Two seats at the opera", reserve: 60, closesInMs: 600_000 },
  ];
  const open = (offer: (typeof samples)[number]) =>
    node.entity(Lot, randomUUID().slice(0, 8)).open({ ...offer, seller: "the house" });
  await Promise.all(samples.map(open));
}
