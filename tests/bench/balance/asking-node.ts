/**
 * A node of its own process that asks itself for the cheapest command there is, whenever its parent says so, and
 * answers with the processor's time for one, in microseconds. Two nodes in one process would share what the
 * engine has learnt about their messages.
 */
import { startNode } from "@leasehold/sharding";
import { untilHosted } from "../support/until-hosted.ts";
import { Clerk } from "./scene.ts";

const entities = 1_000;
const inFlight = 256;
/** @unit milliseconds */
const partMs = 400;

const [databaseUrl = "", strategy = ""] = process.argv.slice(2);
const node = await startNode({
  ...{ databaseUrl, cluster: strategy, nodeId: "node-1", entities: [Clerk], leaseTtlMs: 30_000 },
  strategy: strategy === "load" ? "load" : "least-loaded",
});
await untilHosted(node);

async function ask(): Promise<number> {
  const endMs = performance.now() + partMs;
  const before = process.cpuUsage();
  let done = 0;
  const caller = async (index: number): Promise<void> => {
    for (let turn = index; performance.now() < endMs; turn += inFlight) {
      const id = `e${turn % entities}`;
      await node.ask({ type: "clerk", id, command: "add", input: null });
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, index) => caller(index)));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / done;
}

process.on("message", async () => process.send?.(await ask()));
process.on("disconnect", async () => await node.stop());
process.send?.("ready");
