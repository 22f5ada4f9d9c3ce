import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";

/** A node that greets in another version of the observation protocol, and says nothing else. */
export async function openNodeOfVersion(
  protocol: number,
): Promise<AsyncDisposable & { readonly url: string }> {
  const http = createServer();
  const io = new Server(http, { transports: ["websocket"], serveClient: false });
  io.on("connection", (socket) => socket.emit("hello", { protocol, cluster: "default" }));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      await io.close();
    },
  };
}
