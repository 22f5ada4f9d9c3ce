import { parseArgs } from "node:util";
import { startFakeCluster } from "./fake-run.ts";

/**
 * `node src/testing/fake-main.ts --nodes 3 --shards 256 --rate 0 --past 0 --port 4100`: an invented cluster
 * on the ports after the given one (0: free ones), with so many entries a second and so many behind it.
 */
const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "3" },
    shards: { type: "string", default: "256" },
    rate: { type: "string", default: "0" },
    port: { type: "string", default: "4100" },
    phase: { type: "string", default: "60" },
    past: { type: "string", default: "0" },
    faults: { type: "string", default: "on" },
    ttl: { type: "string", default: "5000" },
    zombie: { type: "string" },
  },
});

const cluster = await startFakeCluster(
  {
    nodes: Number(values.nodes),
    shards: Number(values.shards),
    changesPerSecond: Number(values.rate),
    phaseMs: Number(values.phase),
    pastEvents: Number(values.past),
    leaseTtlMs: Number(values.ttl),
    faultsOn: values.faults === "on",
  },
  Number(values.port),
);
for (const it of cluster.nodes) if (it.nodeId === values.zombie) it.isZombie = true;
process.stdout.write(`ready nodes=${cluster.nodes.map((it) => it.address).join(",")}\n`);
