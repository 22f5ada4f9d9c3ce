import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { checkSchema, migrate } from "@leasehold/db";
import { createLinuxProcesses } from "./adapters/linux-processes.ts";
import { createPostgresStore } from "./adapters/postgres/index.ts";
import { systemClock } from "./adapters/system-clock.ts";
import { tcpRefusals } from "./adapters/tcp-refusals.ts";
import { isLoopback } from "./adapters/websocket/loopback.ts";
import {
  createWebsocketTransport,
  type WebsocketTransport,
} from "./adapters/websocket/transport.ts";
import { OptionsError } from "./errors.ts";
import { createLaneThreads } from "./lanes/lane-threads.ts";
import { loadEntities } from "./lanes/load-entities.ts";
import type { NodeOptions, ShardingNode } from "./node-api.ts";
import { type ResolvedOptions, resolveOptions } from "./options.ts";
import type { LaneThreads } from "./runtime/lanes/lane-messages.ts";
import { LocalNode, type NodeOutside } from "./runtime/local-node.ts";

/**
 * Starts a node: it takes its lease, joins the cluster and serves the shards that it is given.
 *
 * Resolves once it has joined.
 *
 * @throws {OptionsError} an option makes no sense; {@link LanesZeroError}, {@link LanesOverflowError} or
 * {@link LaneInboxCapacityError} where it is one of lanes.
 * @throws {LaneSpawnFailedError} a lane did not start, or has loaded other entity types than the main thread.
 * @throws {StoreUnavailableError} Postgres cannot be reached.
 * @throws {StoreUnsuitableError} Postgres is too old, a standby, or behind a transaction pooler.
 * @throws {NodeIdInUseError} another process runs under this node id.
 * @throws {RegionRefusedError} the cluster has another shard count.
 */
export async function startNode(given: NodeOptions): Promise<ShardingNode> {
  const module = given.entities instanceof URL ? given.entities : null;
  const entities =
    given.entities instanceof URL ? await loadEntities(given.entities) : given.entities;
  const options = resolveOptions({ ...given, entities });
  const lanes = lanesOf(options, module);
  await prepareSchema(options);
  const own = given.server === undefined ? await listen(options) : null;
  const server = given.server ?? (own as Server);
  const address = given.advertiseUrl ?? addressOf(server, options.host);
  const clock = systemClock;
  const store = createPostgresStore({
    databaseUrl: options.databaseUrl,
    leaseDatabaseUrl: options.leaseDatabaseUrl,
    cluster: options.cluster,
    stream: options.postgresStream,
    log: options.log,
  });
  const transport = createWebsocketTransport({
    self: { nodeId: options.nodeId, incarnation: clock.uuid() },
    cluster: options.cluster,
    secret: options.secret ?? null,
    clock,
    ...(options.linkGate === undefined ? {} : { gate: options.linkGate }),
    log: options.log,
  });
  const stopUpgrades = takeUpgrades(server, transport, own !== null);
  const closeAll = async (): Promise<void> => {
    stopUpgrades();
    await transport.close();
    await store.close();
    if (own !== null) await closeServer(own);
  };
  const ports = {
    ...{ sessions: store.sessions, store: store.store, journal: store.journal, transport, clock },
    feed: store.feed,
    processes: createLinuxProcesses(),
    refusals: options.trustRefused ? tcpRefusals : null,
    lanes,
  };
  const refused = (): ReturnType<NonNullable<NodeOutside["refused"]>> => {
    const { refusedSockets, refusedHellos, badFrames } = transport.counters();
    return {
      meshSocketsRefused: refusedSockets,
      meshHellosRefused: refusedHellos,
      meshBadFrames: badFrames,
    };
  };
  const { drops } = transport;
  const node = new LocalNode(options, ports, { address, drops, refused, close: closeAll });
  try {
    await node.start();
  } catch (error) {
    await node.stop();
    throw error;
  }
  return node;
}

/** What runs no entities needs none. */
function lanesOf(options: ResolvedOptions, entities: URL | null): LaneThreads | undefined {
  const { lanes, proxy, databaseUrl, leaseDatabaseUrl, cluster } = options;
  if (lanes === 1 || proxy || options.entities.length === 0) return undefined;
  if (entities === null) {
    throw new OptionsError(
      `lanes is ${lanes}, and entities are values: give the URL of the module that exports them, for each lane to load.`,
    );
  }
  return createLaneThreads({
    ...{ lanes, entities, inboxCapacity: options.laneInboxCapacity },
    drainTimeoutMs: options.laneDrainTimeoutMs,
    // Of its own: a connection cannot be shared between threads.
    journal: { databaseUrl, leaseDatabaseUrl, cluster, journalPoolSize: 1, journalLanes: 1 },
    ...(options.laneGate === undefined ? {} : { gate: options.laneGate }),
  });
}

async function prepareSchema({
  databaseUrl,
  cluster,
  migrate: applies,
  log,
}: ResolvedOptions): Promise<void> {
  const report = applies
    ? await migrate({ database: databaseUrl, cluster })
    : await checkSchema({ database: databaseUrl, cluster });
  for (const warning of report.warnings) log("warn", warning);
}

async function listen({ host, port, secret }: ResolvedOptions): Promise<Server> {
  if (secret === undefined && !isLoopback(host)) {
    throw new OptionsError(
      `host is ${host}, which others can reach, but no secret is set: give all nodes the same one.`,
    );
  }
  const server = createServer((_request, response) => {
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return server;
}

function addressOf(server: Server, host: string): string {
  const bound = server.address() as AddressInfo | null;
  if (bound === null)
    throw new OptionsError(
      "The HTTP server must listen before the node starts: others need its address.",
    );
  return `http://${host.includes(":") ? `[${host}]` : host}:${bound.port}`;
}

/**
 * @param isOwn nobody else takes upgrades of this server: one that is left alone would stay open for ever, and keep the
 * server from closing. A console tries `/socket.io` on every node that it learns of.
 */
function takeUpgrades(server: Server, transport: WebsocketTransport, isOwn: boolean): () => void {
  const onUpgrade = (
    request: Parameters<WebsocketTransport["handleUpgrade"]>[0],
    socket: Parameters<WebsocketTransport["handleUpgrade"]>[1],
    head: Buffer,
  ): void => {
    if (request.url?.split("?")[0] === "/mesh") transport.handleUpgrade(request, socket, head);
    else if (isOwn) refuse(socket);
  };
  server.on("upgrade", onUpgrade);
  return () => {
    server.off("upgrade", onUpgrade);
  };
}

function refuse(socket: Duplex): void {
  socket.on("error", () => socket.destroy());
  socket.end(notHere, () => socket.destroy());
}

const notHere = "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
}
