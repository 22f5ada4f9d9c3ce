import { rm } from "node:fs/promises";
import { startEmbedded } from "@leasehold/db/embedded";
import type {} from "@leasehold/db/testing";
import type { TestProject } from "vitest/node";
import { createDatabaseDir } from "./database-dir.ts";

interface SharedServer {
  readonly url: string;
  stop(): Promise<void>;
}

interface Sharing {
  server: Promise<SharedServer>;
  users: number;
}

/** Each vitest project loads this file anew; only the global object is common to them. */
const shared = globalThis as { leaseholdTestServer?: Sharing };

/** One server per run: that of `DATABASE_URL`, else an embedded one that ends with the run. */
export async function setup(project: TestProject): Promise<void> {
  shared.leaseholdTestServer ??= { server: openServer(), users: 0 };
  shared.leaseholdTestServer.users += 1;
  project.provide("databaseUrl", (await shared.leaseholdTestServer.server).url);
}

export async function teardown(): Promise<void> {
  const sharing = shared.leaseholdTestServer;
  if (sharing === undefined) return;
  sharing.users -= 1;
  if (sharing.users > 0) return;
  delete shared.leaseholdTestServer;
  await (await sharing.server).stop();
}

async function openServer(): Promise<SharedServer> {
  const { DATABASE_URL } = process.env;
  if (DATABASE_URL !== undefined && DATABASE_URL !== "") {
    return { url: DATABASE_URL, stop: async () => undefined };
  }
  const dataDir = await createDatabaseDir("test");
  const server = await startEmbedded({ dataDir, port: 0 });
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
