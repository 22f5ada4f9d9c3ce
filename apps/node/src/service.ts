import type { Server } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { type LogFn, type NodeOptions, type ShardingNode, startNode } from "@leasehold/sharding";
import type { NodeConfig } from "./config.ts";
import { CrashPoints } from "./faults/crash-points.ts";
import { crashNow, createFaultEngine } from "./faults/engine.ts";
import { FaultyLinkGate } from "./faults/link-gate.ts";
import { FaultyPostgresGate } from "./faults/postgres-gate.ts";
import { SharedFaults } from "./faults/shared-faults.ts";
import type { FaultEngine } from "./faults/types.ts";
import { shiftWallClock } from "./faults/wall-clock.ts";
import { buildApp } from "./http/app.ts";
import type { Connections } from "./http/connections.ts";
import type { Tokens } from "./http/roles.ts";
import { createNodeServer, portOf } from "./http/server.ts";
import type { Program } from "./load-program.ts";
import { type Observation, serveObservation } from "./observe/server.ts";

/** How long answers that are under way may take after the node has gone. @unit milliseconds */
const lastAnswersMs = 1_000;

/**
 * A leaving node answers for at least this long, each time with `Connection: close`, unless nobody was
 * connected when it began. Not only until the last connection has closed: its client may have sent another
 * request before it was told, on a connection that is still to be accepted, and cannot know whether that one
 * ran. @unit milliseconds
 */
const lingerMs = 1_000;

export interface ServiceOptions extends Program {
  readonly config: NodeConfig;
  /** Bring the schema up to date first. */
  readonly migrate: boolean;
  readonly log: LogFn;
  /** The node cannot go on, and has begun to leave. */
  readonly onFailed?: NodeOptions["onFailed"];
  /** The port is bound: health answers. */
  readonly onListening?: (url: string) => void;
  /** @default the library's */
  readonly start?: (options: NodeOptions) => Promise<ShardingNode>;
}

/** A node with everything around it. */
export interface Service {
  readonly url: string;
  readonly node: ShardingNode;
  /** Hands all shards over, then closes. For a node that leaves a cluster that goes on. */
  leave(): Promise<void>;
  /** Closes without handoffs. For a cluster that stops as a whole. */
  stop(): Promise<void>;
}

/**
 * Composes the deployable node: server, faults, HTTP, the node itself, observation.
 *
 * The server listens first, so that a taken port ends the start before a lease is held, and health
 * answers while the node joins. It closes last, so that whoever asks a leaving node gets an answer.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { config, log } = options;
  const nodeServer = createNodeServer({
    tokens: tokensOf(config),
    openLoopback: config.openLoopback,
  });
  const { server, connections, access } = nodeServer;
  const faults = config.faults ? await startFaults(options) : null;
  let node: ShardingNode | null = null;
  let observation: Observation | null = null;
  let isLeaving = false;

  const app = await buildApp(server, {
    access,
    connections,
    faults: faults?.engine ?? null,
    log,
    findNode: () => node,
    isLeaving: () => isLeaving,
    observers: () => observation?.count() ?? 0,
    onFaultsChanged: () => observation?.touch(),
  });

  const closeAround = async (): Promise<void> => {
    await observation?.close();
    await faults?.engine.close();
    // Fastify last: while it closes it answers in its own way.
    await closeServer(server, connections);
    await app.close();
  };

  try {
    await listen(server, config, log);
    const url = config.advertiseUrl ?? urlOf(config.host, portOf(server));
    options.onListening?.(url);
    node = await (options.start ?? startNode)({
      ...nodeOptions(options, url, faults),
      server,
    });
    observation = serveObservation({ nodeServer, node, faults: faults?.engine ?? null, log });
    const joined = node;
    let closed: Promise<void> | null = null;
    // A stop may overtake a leave: the node ends twice, what is around it once.
    const end = async (finish: () => Promise<void>): Promise<void> => {
      isLeaving = true;
      try {
        await finish();
      } finally {
        closed ??= closeAround();
        await closed;
      }
    };
    return {
      url,
      node: joined,
      leave: () =>
        end(async () => {
          const startMs = performance.now();
          const { http, undecided } = connections.counts();
          await joined.drain(config.drainTimeoutMs);
          const leftMs = lingerMs - (performance.now() - startMs);
          if (http + undecided > 0 && leftMs > 0) await pause(leftMs);
        }),
      stop: () => end(() => joined.stop()),
    };
  } catch (error) {
    await closeAround();
    throw error;
  }
}

const tokensOf = (config: NodeConfig): Tokens => ({
  viewer: config.tokenViewer,
  operator: config.tokenOperator,
  chaos: config.tokenChaos,
  admin: config.token,
});

const gatesOf = ({ engine, shared }: Faults): Partial<NodeOptions> => ({
  linkGate: engine.linkGate,
  postgresStream: engine.postgresStream,
  laneGate: { module: new URL("./faults/lane-gate.ts", import.meta.url), memory: shared.memory },
});

interface Faults {
  readonly engine: FaultEngine;
  readonly points: CrashPoints;
  readonly shared: SharedFaults;
}

async function startFaults({ config }: ServiceOptions): Promise<Faults> {
  const shared = new SharedFaults();
  shiftWallClock(() => shared.read("clockMs"));
  const points = new CrashPoints(crashNow, shared);
  const link = new FaultyLinkGate(points.watchFrames);
  const postgres = new FaultyPostgresGate({ shared, watch: points.watchStatements });
  const engine = await createFaultEngine({
    ...{ link, postgres, tokens: tokensOf(config) },
    crashAt: (step) => points.arm(step),
    clockStep: (byMs) => shared.add({ clockMs: byMs }),
  });
  return { engine, points, shared };
}

function nodeOptions(options: ServiceOptions, url: string, faults: Faults | null): NodeOptions {
  const { config, daemons, migrate, log, onFailed } = options;
  const {
    token: _token,
    tokenViewer: _viewer,
    tokenOperator: _operator,
    tokenChaos: _chaos,
    faults: _faults,
    drainTimeoutMs: _drain,
    openLoopback: _open,
    ...rest
  } = config;
  // A watch on values stays on this thread: lanes load the module, and watch what they find there.
  const values = faults === null ? options.entities : faults.points.watchEntities(options.entities);
  const entities = config.lanes === 1 || values.length === 0 ? values : options.module;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return {
    ...(given as Omit<typeof rest, "entities">),
    ...{ entities, daemons },
    ...(onFailed === undefined ? {} : { onFailed }),
    ...(faults === null ? {} : gatesOf(faults)),
    migrate,
    log,
    advertiseUrl: url,
  } as NodeOptions;
}

const listen = (server: Server, { host, port }: NodeConfig, log: LogFn): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      // A connection that cannot be accepted (no file descriptor left) must not end the node.
      server.on("error", (error) =>
        log("error", "a connection could not be accepted", { error: error.message }),
      );
      resolve();
    });
  });

const urlOf = (host: string, port: number): string =>
  `http://${host.includes(":") ? `[${host}]` : host}:${port}`;

/** Answers under way may finish; connections that wait for nothing are closed. */
async function closeServer(server: Server, connections: Connections): Promise<void> {
  if (!server.listening) return connections.destroyAll();
  const closed = new Promise((resolve) => server.close(resolve));
  connections.destroyUpgraded();
  server.closeIdleConnections();
  const late = setTimeout(() => connections.destroyAll(), lastAnswersMs);
  await closed;
  clearTimeout(late);
}
