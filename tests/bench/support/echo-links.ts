import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Packr } from "msgpackr";
import { WebSocket, WebSocketServer } from "ws";
// The mesh is internal to the library: only its benchmark reaches for it past the public entry points.
import { systemClock } from "../../../packages/sharding/src/adapters/system-clock.ts";
import { createWebsocketTransport } from "../../../packages/sharding/src/adapters/websocket/transport.ts";

/** Sends a message; the receiver was given when the link was opened. */
export type Send = (message: unknown) => void;
export type Receive = (message: unknown, answer: Send) => void;

export interface EchoLink {
  /** @returns the port that it listens on. */
  serve(receive: Receive): Promise<number>;
  connect(port: number, receive: (message: unknown) => void): Promise<EchoClient>;
}

export interface EchoClient {
  readonly send: Send;
  close(): void;
}

export type LinkName = "bare" | "bare-single" | "mesh";
export const links: Readonly<Record<LinkName, EchoLink>> = {
  bare: bareLink(batched),
  "bare-single": bareLink(single),
  mesh: meshLink(),
};

/** How messages become frames of an array each. */
type Framing = (packr: Packr, ws: WebSocket) => Send;

/** One array per microtask turn: the limit that the mesh is held against. */
function batched(packr: Packr, ws: WebSocket): Send {
  let queue: unknown[] = [];
  return (message) => {
    if (queue.push(message) > 1) return;
    queueMicrotask(() => {
      const batch = queue;
      queue = [];
      ws.send(packr.pack(batch));
    });
  };
}

/** A frame for each message: what is written first, and what batching is worth. */
function single(packr: Packr, ws: WebSocket): Send {
  return (message) => ws.send(packr.pack([message]));
}

/** ws and msgpackr, and nothing else. */
function bareLink(framing: Framing): EchoLink {
  const packr = new Packr({ useRecords: false });
  const onEach = (ws: WebSocket, receive: (message: unknown) => void): void => {
    ws.on("message", (frame) => {
      for (const message of packr.unpack(frame as Buffer) as unknown[]) receive(message);
    });
  };
  return {
    serve: (receive) =>
      new Promise((resolve) => {
        const server = new WebSocketServer({
          host: "127.0.0.1",
          port: 0,
          perMessageDeflate: false,
        });
        server.on("connection", (ws) => {
          const send = framing(packr, ws);
          onEach(ws, (message) => receive(message, send));
        });
        server.on("listening", () => resolve((server.address() as AddressInfo).port));
      }),
    connect: (port, receive) =>
      new Promise((resolve, reject) => {
        const ws = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
        onEach(ws, receive);
        ws.on("error", reject);
        ws.on("open", () => resolve({ send: framing(packr, ws), close: () => ws.terminate() }));
      }),
  };
}

function meshLink(): EchoLink {
  const start = (nodeId: string) =>
    createWebsocketTransport({
      self: { nodeId, incarnation: "life-1" },
      cluster: "bench",
      secret: "bench",
      clock: systemClock,
    });
  return {
    serve: (receive) =>
      new Promise((resolve) => {
        const transport = start("server");
        const answer: Send = (message) => transport.send("client", "data", message, "reply");
        transport.onMessage((_from, _channel, message) => receive(message, answer));
        const server = createServer();
        server.on("upgrade", (request, socket, head) =>
          transport.handleUpgrade(request, socket, head),
        );
        server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
      }),
    connect: (port, receive) =>
      new Promise((resolve) => {
        const transport = start("client");
        transport.onMessage((_from, _channel, message) => receive(message));
        const send: Send = (message) => transport.send("server", "data", message, "request");
        transport.onPeer((_peer, state) => {
          if (state === "up") resolve({ send, close: () => void transport.close() });
        });
        transport.setPeers([
          { nodeId: "server", incarnation: "life-1", address: `http://127.0.0.1:${port}` },
        ]);
      }),
  };
}
