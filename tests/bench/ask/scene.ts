import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import {
  type EntityClient,
  type NodeOptions,
  type ShardingNode,
  startNode,
} from "@leasehold/sharding";
import { keepAsking, type Measured } from "../support/asking.ts";
import { idsOf, type Questions, usual } from "../support/echo.ts";
import { untilHosted } from "../support/until-hosted.ts";
import { Counter } from "./counter.ts";

const home = fileURLToPath(new URL("./home.ts", import.meta.url));

/** Who asks, through the public API and with the defaults of every setting. */
export interface Asker {
  run(inFlight: number, ms: number, questions?: Questions): Promise<Measured>;
  close(): Promise<void>;
}

/** Caller and entities are in this process. */
export async function openLocal(databaseUrl: string): Promise<Asker> {
  const node = await start({ databaseUrl, cluster: "local", nodeId: "both" });
  return askerOf(node, () => node.stop());
}

/** The entities are in another process, which owns every shard; this one is a proxy. */
export async function openRemote(databaseUrl: string): Promise<Asker> {
  const child = fork(home, [databaseUrl]);
  await once(child, "message");
  const node = await start({ databaseUrl, nodeId: "caller", proxy: true });
  return askerOf(node, async () => {
    await node.stop();
    child.disconnect();
    await once(child, "exit");
  });
}

async function start(options: Omit<NodeOptions, "entities">): Promise<ShardingNode> {
  const node = await startNode({ ...options, entities: [Counter] });
  await untilHosted(node);
  return node;
}

function askerOf(node: ShardingNode, close: () => Promise<void>): Asker {
  return {
    run(inFlight, ms, { entities, noteLength } = usual) {
      const clients = idsOf(entities).map((id) => node.entity(Counter, id));
      const note = "x".repeat(noteLength ?? usual.noteLength);
      const ask = (turn: number): Promise<number> => {
        const client = clients[turn % clients.length] as EntityClient<typeof Counter>;
        return client.add({ amount: 1, note });
      };
      return keepAsking(ask, inFlight, ms);
    },
    close,
  };
}
