import { createServer } from "node:http";
import type { LogFn, ShardingNode } from "@leasehold/sharding";
import type { ObservationFrames } from "@leasehold/sharding/observe";
import { Server, type Socket } from "socket.io";
import { z } from "zod";
import type { FaultEngine } from "../faults/types.ts";
import type { NodeServer } from "../http/server.ts";
import { createFeed } from "./feed.ts";
import { type FrameSink, Observer } from "./observer.ts";

/**
 * The observation plane: beliefs and the cluster log over socket.io, node to console.
 *
 * One way only. Clients say who they are and what they have in the handshake, and nothing after it.
 */
export interface Observation {
  /** Connected clients. */
  count(): number;
  /** The belief has changed in a way that the node does not know of (faults). */
  touch(): void;
  close(): Promise<void>;
}

export interface ObservationOptions {
  readonly nodeServer: NodeServer;
  readonly node: ShardingNode;
  readonly faults: FaultEngine | null;
  readonly log: LogFn;
  /** A client that answers no ping for this long is gone. @unit milliseconds @default 5000 */
  readonly pingMs?: number;
}

const auth = z.object({
  token: z.string().max(2048).optional(),
  history: z.string().max(128).nullish(),
  seq: z.int().min(0).nullish(),
  /** False: beliefs only. Whoever follows many nodes needs the log of few. */
  log: z.boolean().default(true),
});

/** One for the handshake, one for the goodbye, and some for odd clients. */
const messagesFromClient = 4;

type Frames = { [Name in keyof ObservationFrames]: (frame: ObservationFrames[Name]) => void };
type ObservationSocket = Socket<Record<string, never>, Frames>;

export function serveObservation(options: ObservationOptions): Observation {
  const { nodeServer, node, faults } = options;
  const feed = createFeed(node, faults);
  const io = new Server<Record<string, never>, Frames>({
    transports: ["websocket"],
    serveClient: false,
    pingInterval: options.pingMs ?? 5_000,
    pingTimeout: options.pingMs ?? 5_000,
    connectTimeout: 5_000,
    maxHttpBufferSize: 16_384,
    perMessageDeflate: false,
    httpCompression: false,
  });
  // A server that never listens: socket.io would otherwise answer plain requests of the real one, and
  // close it together with itself.
  const upgrades = createServer();
  io.attach(upgrades);
  io.engine.on("connection", limitMessages);
  io.use((socket, next) => next(refusalOf(socket, nodeServer)));
  io.on("connection", (socket) => observe(socket, options, feed));
  nodeServer.serveObservation((request, socket, head) =>
    upgrades.emit("upgrade", request, socket, head),
  );
  return {
    count: () => io.sockets.sockets.size,
    touch: feed.touch,
    async close() {
      feed.close();
      io.disconnectSockets(true);
      await io.close();
    },
  };
}

function refusalOf(socket: ObservationSocket, { access }: NodeServer): Error | undefined {
  const given = auth.safeParse(socket.handshake.auth);
  if (!given.success) return refusal("HANDSHAKE_INVALID", "auth is {token, history, seq, log}.");
  if (access.hasToken(given.data.token)) return undefined;
  return refusal("TOKEN_REQUIRED", "auth.token must be the node's LEASEHOLD_TOKEN.");
}

/** socket.io passes `data` on to the client's `connect_error`. */
const refusal = (code: string, detail: string): Error =>
  Object.assign(new Error(detail), { data: { code } });

function observe(
  socket: ObservationSocket,
  { node, faults, log }: ObservationOptions,
  feed: ReturnType<typeof createFeed>,
): void {
  const { history, seq, log: wantsLog } = auth.parse(socket.handshake.auth);
  const position = typeof history === "string" && typeof seq === "number" ? { history, seq } : null;
  const observer = new Observer(node, feed, sinkOf(socket), wantsLog ? position : "no-log", log);
  // Registered before the first frame: its departure asks for the next one.
  socket.conn.transport.on("ready", () => observer.onReady());
  observer.start({
    protocol: 1,
    cluster: node.cluster,
    nodeId: node.nodeId,
    incarnation: node.incarnation(),
    address: node.address,
    healUrl: faults?.healUrl ?? null,
    faultsOn: faults !== null,
    leaseTtlMs: node.leaseTtlMs,
  });
  const unfollow = feed.follow(observer);
  socket.on("disconnect", () => {
    unfollow();
    observer.close();
  });
}

/** The transport is writable when all that was handed to it has been written to the socket. */
const sinkOf = (socket: ObservationSocket): FrameSink => ({
  get isIdle() {
    return socket.conn.transport.writable;
  },
  send: (name, frame) => {
    (socket.emit as (event: string, ...frames: readonly unknown[]) => boolean)(name, frame);
  },
});

/** The plane has no messages from clients: whoever goes on sending is not one of ours. */
function limitMessages(connection: Socket["conn"]): void {
  let messages = 0;
  connection.on("packet", ({ type }: { type: string }) => {
    if (type !== "message") return;
    messages += 1;
    if (messages > messagesFromClient) connection.close(true);
  });
}
