import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { type Access, createAccess } from "./access.ts";
import { type ConnectionLimits, Connections, planeOfUpgrade } from "./connections.ts";
import { HttpProblem } from "./problems.ts";
import type { Tokens } from "./roles.ts";

/** Unit: milliseconds. Whoever is slower than this with a request holds a connection that others could use. */
const timeouts = {
  headersTimeout: 5_000,
  requestTimeout: 15_000,
  // Longer than proxies and clients usually keep an idle connection (60 s): of two that end it, the one that
  // sends must be the first, or its next command meets the end and nobody can say what became of it.
  keepAliveTimeout: 72_000,
  connectionsCheckingInterval: 1_000,
};

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface NodeServer {
  readonly server: Server;
  readonly connections: Connections;
  readonly access: Access;
  /** Takes the upgrades of `/socket.io` from now on. */
  serveObservation(handler: UpgradeHandler): void;
}

export interface NodeServerOptions {
  /** None: loopback only, foreign Host and Origin refused. */
  readonly tokens: Tokens;
  /** @default false */
  readonly openLoopback?: boolean;
  readonly limits?: ConnectionLimits;
}

/**
 * The one server of a node: HTTP, `/socket.io` and `/mesh`.
 *
 * An upgrade is accepted only when somebody listens on its path and its plane has a connection left.
 * A refused one goes on as a plain request, which is answered with the reason; it would otherwise wait
 * for ever, because Node.js hands an accepted upgrade to its listeners and forgets it.
 */
export function createNodeServer(options: NodeServerOptions): NodeServer {
  const connections = new Connections(options.limits);
  const { tokens, openLoopback = false } = options;
  let port = defaultPort;
  const access = createAccess({ tokens, openLoopback, port: () => port });
  let observation: UpgradeHandler | null = null;
  // The mesh attaches its own listener to the server; the other one is below.
  const isServed = (plane: "observe" | "mesh"): boolean =>
    plane === "observe" ? observation !== null : server.listenerCount("upgrade") > 1;

  const server = createServer({
    ...timeouts,
    // A missing Host is answered by the access check, as a problem.
    requireHostHeader: false,
    shouldUpgradeCallback: (request) => {
      const refusal = judgeUpgrade(request, { connections, access, isServed });
      if (refusal !== null) refusals.set(request, refusal);
      return refusal === null;
    },
  });
  server.maxConnections = connections.maximum;
  // A server that closes has no address any more, and still answers on connections that are open.
  server.on("listening", () => {
    port = portOf(server);
  });
  server.on("connection", (socket) => connections.open(socket));
  server.on("upgrade", (request, socket, head) => {
    if (planeOfUpgrade(request) === "observe") observation?.(request, socket, head);
  });
  return {
    server,
    connections,
    access,
    serveObservation(handler) {
      observation = handler;
    },
  };
}

const refusals = new WeakMap<IncomingMessage, HttpProblem>();

/** Why this request is a request although it asked to upgrade; null when it did not. */
export const refusalOfUpgrade = (request: IncomingMessage): HttpProblem | null =>
  refusals.get(request) ?? null;

/** Which a Host header may leave out. */
const defaultPort = 80;

/** The port listened on; 80 before that. */
export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : defaultPort;
}

interface UpgradeJudge {
  readonly connections: Connections;
  readonly access: Access;
  readonly isServed: (plane: "observe" | "mesh") => boolean;
}

function judgeUpgrade(
  request: IncomingMessage,
  { connections, access, isServed }: UpgradeJudge,
): HttpProblem | null {
  const plane = planeOfUpgrade(request);
  if (plane === null) {
    return new HttpProblem("ROUTE_UNKNOWN", "There is nothing to upgrade to at this path.");
  }
  if (!isServed(plane)) {
    const detail = "This node has not joined its cluster yet.";
    return new HttpProblem("NODE_NOT_READY", detail, { retryable: true });
  }
  const foreign = access.foreignUpgrade(request.headers);
  if (foreign !== null) return foreign;
  if (plane === "mesh" && request.headers.origin !== undefined) {
    return new HttpProblem("ORIGIN_REFUSED", "The mesh is not for browsers.");
  }
  if (connections.admit(request.socket, plane)) return null;
  const detail = `This node has all the ${plane} connections it takes.`;
  return new HttpProblem("OVERLOADED", detail, { retryable: true });
}
