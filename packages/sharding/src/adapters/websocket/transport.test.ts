import { transportContract } from "../../testkit/contracts/transport.ts";
import type { TransportHarness } from "../../testkit/contracts/transport-node.ts";
import { type MeshServer, startMeshServer } from "./test-server.ts";

function createWebsocketHarness(): TransportHarness {
  const running: MeshServer[] = [];
  return {
    async start(self, gate, limits) {
      const pingIntervalMs = limits.silenceMs / 4;
      const server = await startMeshServer(self, { gate, limits: { ...limits, pingIntervalMs } });
      running.push(server);
      return server;
    },
    async stop() {
      await Promise.all(running.splice(0).map((server) => server.kill()));
    },
  };
}

transportContract("websocket", createWebsocketHarness);
