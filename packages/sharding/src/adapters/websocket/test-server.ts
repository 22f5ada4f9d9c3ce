import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { NodeRef } from "../../core/ids.ts";
import { systemClock } from "../system-clock.ts";
import {
  createWebsocketTransport,
  type WebsocketTransport,
  type WebsocketTransportOptions,
} from "./transport.ts";

/** A transport behind an HTTP server of its own on loopback. */
export interface MeshServer {
  readonly transport: WebsocketTransport;
  readonly address: string;
  readonly port: number;
  /** Destroys every socket, as the end of the operating system's process would. */
  kill(): Promise<void>;
}

export async function startMeshServer(
  self: NodeRef,
  options: Partial<WebsocketTransportOptions> = {},
  port = 0,
): Promise<MeshServer> {
  const sockets = new Set<Socket>();
  const server = createServer((_request, response) => response.writeHead(404).end());
  const transport = createWebsocketTransport({
    self,
    cluster: "test",
    secret: "shared by all",
    clock: systemClock,
    ...options,
  });
  server.on("upgrade", (request, socket, head) => transport.handleUpgrade(request, socket, head));
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await listen(server, port);
  const { port: actual } = server.address() as AddressInfo;
  return {
    transport,
    address: `http://127.0.0.1:${actual}`,
    port: actual,
    async kill() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await transport.close();
    },
  };
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
