import { fileURLToPath } from "node:url";
import { migrate } from "@leasehold/db";
import { startCluster, type TestCluster } from "../../cluster/harness.ts";
import { startConsole } from "./bare-console.ts";

const program = fileURLToPath(new URL("../fixtures/daemons.ts", import.meta.url));

/** Three nodes that run daemons, and a console for them, beside the cluster that all other tests share. */
export interface DaemonsScene {
  readonly url: string;
  readonly nodes: TestCluster;
  end(): Promise<void>;
}

/** @param databaseUrl a server that may be another cluster's: this one has a schema of its own. */
export async function startDaemons(databaseUrl: string): Promise<DaemonsScene> {
  const name = "e2e-daemons";
  await migrate({ database: databaseUrl, cluster: name });
  const env = {
    LEASEHOLD_CLUSTER: name,
    LEASEHOLD_ENTITIES: program,
    LEASEHOLD_REBALANCE: "manual",
  };
  const nodes = await startCluster({ databaseUrl, shards: 4, ttlMs: 1_000, env });
  try {
    const console = await startConsole({
      DATABASE_URL: databaseUrl,
      LEASEHOLD_CLUSTER: name,
      LEASEHOLD_NODES: nodes.nodes.map((node) => node.url).join(","),
    });
    const end = async (): Promise<void> => {
      await console[Symbol.asyncDispose]();
      await nodes.destroy();
    };
    return { url: console.url, nodes, end };
  } catch (error) {
    await nodes.destroy();
    throw error;
  }
}
