import { transportContract } from "../../testkit/contracts/transport.ts";
import type { TransportHarness } from "../../testkit/contracts/transport-node.ts";
import { type MeshServer, startMeshServer } from "./test-server.ts";

function createWebsocketHarness(): TransportHarness {
  const running: MeshServer[] = [];
  return {
    async start(self, gate, limits) {
      // What is handed to the socket waits no more: little, so that the queue's bound in messages is met.
      const own = { pingIntervalMs: limits.silenceMs / 4, socketBytes: 1 };
      const server = await startMeshServer(self, { gate, limits: { ...limits, ...own } });
      running.push(server);
      return server;
    },
    async stop() {
      await Promise.all(running.splice(0).map((server) => server.kill()));
    },
  };
}

transportContract("websocket", createWebsocketHarness);
