import type { FaultEngine } from "../faults/types.ts";
import { buildApp } from "../http/app.ts";
import type { ConnectionLimits } from "../http/connections.ts";
import type { App, HttpDeps } from "../http/deps.ts";
import type { Tokens } from "../http/roles.ts";
import { createNodeServer, type NodeServer, portOf } from "../http/server.ts";
import { FakeNode, seedCluster } from "./fake-node.ts";

export interface HttpUnderTest extends NodeServer {
  readonly app: App;
  readonly node: FakeNode;
  readonly logged: { level: string; message: string; fields: unknown }[];
  joined: boolean;
  leaving: boolean;
  faultChanges: number;
  /** Listens on a free loopback port. @returns the URL. */
  listen(): Promise<string>;
  close(): Promise<void>;
}

export interface HttpUnderTestOptions {
  readonly tokens?: Tokens;
  readonly openLoopback?: boolean;
  readonly faults?: FaultEngine;
  readonly limits?: ConnectionLimits;
}

/** The HTTP interface around a fake node with the seeded cluster. */
export async function createHttpUnderTest(
  options: HttpUnderTestOptions = {},
): Promise<HttpUnderTest> {
  const node = new FakeNode();
  seedCluster(node);
  const nodeServer = createNodeServer({
    tokens: options.tokens ?? {},
    openLoopback: options.openLoopback ?? false,
    ...limitsOf(options),
  });
  const { server, connections, access } = nodeServer;
  const deps: HttpDeps = {
    access,
    connections,
    faults: options.faults ?? null,
    log: (level, message, fields) => void test.logged.push({ level, message, fields }),
    findNode: () => (test.joined ? node : null),
    isLeaving: () => test.leaving,
    observers: () => 1,
    onFaultsChanged: () => {
      test.faultChanges += 1;
    },
  };
  const app = await buildApp(server, deps);
  const test: HttpUnderTest = {
    ...nodeServer,
    app,
    node,
    logged: [],
    joined: true,
    leaving: false,
    faultChanges: 0,
    listen: () =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${portOf(server)}`));
      }),
    close: async () => {
      await app.close();
      connections.destroyAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return test;
}

const limitsOf = ({ limits }: HttpUnderTestOptions) => (limits === undefined ? {} : { limits });
