import { join } from "node:path";
import { migrate } from "@leasehold/db";
import { createClient } from "@leasehold/sharding/client";
import { tokensFromEnv } from "../http/roles.ts";
import { besideCluster, type StartBeside } from "./beside.ts";
import { type Child, tell } from "./child.ts";
import {
  consoleUrlOf,
  createConsole,
  createNode,
  nodeIdOf,
  nodeUrlOf,
  nodeUrls,
  type Surroundings,
} from "./children.ts";
import { buildConsole } from "./console-build.ts";
import { type DataDir, openDataDir, secretIn } from "./data-dir.ts";
import { openDatabase } from "./database.ts";
import { ExitRecorder } from "./exit-proof.ts";
import type { LaunchFlags } from "./flags.ts";
import { LaunchError } from "./launch-error.ts";
import { openLoadEndpoint } from "./load/load-endpoint.ts";
import { SampleLoad } from "./load/sample-load.ts";
import { requirePortsFree } from "./ports.ts";
import { becomeReady } from "./ready.ts";
import { root } from "./workspace.ts";

/** How long nodes may take to stop together. @unit milliseconds */
const nodesStopMs = 10_000;
const consoleStopMs = 5_000;
/** For the ports of a cluster whose launcher was killed. @unit milliseconds */
const abandonedMs = 15_000;

/**
 * What has been started so far. It is undone in the opposite order, also when the start failed half-way:
 * so Postgres stops last, and the data directory is free only when nothing uses it any more.
 */
export interface Launch {
  readonly flags: LaunchFlags;
  readonly startBeside: StartBeside;
  readonly undo: AsyncDisposableStack;
  readonly children: Child[];
  /** Aborted when the launcher was asked to stop. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/**
 * Starts the whole cluster.
 *
 * @returns the line that says so.
 * @throws {LaunchError} the message says what is in the way. The caller undoes what was started.
 */
export async function startAll(launch: Launch): Promise<string> {
  const { flags, startBeside, undo, signal, say } = launch;
  const dataDir = await openDataDir(flags.dataDir);
  undo.defer(() => dataDir.release());
  await requirePortsFree(flags, dataDir.wasAbandoned ? abandonedMs : 0);
  if (flags.console)
    await buildConsole({ root, logFile: join(dataDir.logs, "console-build.log"), say, signal });
  signal.throwIfAborted();
  const around = await prepare(launch, dataDir);
  signal.throwIfAborted();
  await startChildren(launch, around);
  const cluster = besideCluster(around);
  const beside = await startBeside(cluster);
  undo.defer(() => beside.stop());
  signal.throwIfAborted();
  const places = {
    ...beside.places,
    console: cluster.consoleUrl ?? "-",
    nodes: nodeUrls(flags).join(","),
    database: around.databaseUrl,
  };
  const said = Object.entries(places).map(([name, place]) => `${name}=${place}`);
  return `ready ${said.join(" ")}`;
}

async function prepare({ flags, undo, say }: Launch, dataDir: DataDir): Promise<Surroundings> {
  const { LEASEHOLD_SECRET, LEASEHOLD_CLUSTER } = process.env;
  const secret = await secretIn(dataDir.path, "secret", LEASEHOLD_SECRET);
  const tokens = await tokensIn(dataDir.path);
  const database = await openDatabase(flags, dataDir, say);
  undo.defer(() => database.stop());
  const cluster = LEASEHOLD_CLUSTER || "default";
  await migrateOrExplain(database.leaseUrl ?? database.url, cluster, say);
  return {
    flags,
    cluster,
    restartPostgres: database.restart,
    databaseUrl: database.url,
    leaseDatabaseUrl: database.leaseUrl,
    secret,
    tokens,
    logs: dataDir.logs,
    say,
  };
}

async function tokensIn(dataDir: string): Promise<Surroundings["tokens"]> {
  const given = tokensFromEnv(process.env);
  return {
    viewer: await secretIn(dataDir, "token-viewer", given.viewer),
    operator: await secretIn(dataDir, "token-operator", given.operator),
    chaos: await secretIn(dataDir, "token-chaos", given.chaos),
    admin: await secretIn(dataDir, "token", given.admin),
  };
}

async function migrateOrExplain(
  url: string,
  cluster: string,
  say: (line: string) => void,
): Promise<void> {
  const host = URL.canParse(url) ? new URL(url).host : null;
  if (host === null)
    throw new LaunchError(
      "DATABASE_URL is no URL like postgres://user:password@host:5432/database.",
    );
  try {
    const { schema, applied, warnings } = await migrate({ database: url, cluster });
    if (applied.length > 0) say(`the schema ${schema} is at migration ${applied.at(-1)}`);
    for (const warning of warnings) say(warning);
  } catch (cause) {
    const said = cause instanceof AggregateError ? cause.errors.join("; ") : String(cause);
    throw new LaunchError(`The database at ${host} cannot be used: ${said}`, { cause });
  }
}

async function startChildren(launch: Launch, around: Surroundings): Promise<void> {
  const { flags, undo, children, signal, say } = launch;
  const exits = await openExitRecorder(launch, around);
  const nodes = Array.from({ length: flags.nodes }, (_, index) =>
    supervisedNode(index + 1, around, exits),
  );
  const client = createClient({ nodes: nodeUrls(flags), token: around.tokens.admin });
  const load = new SampleLoad(client, flags.load);
  const loadEndpoint = await openLoadEndpoint(load, around.tokens.admin, around.restartPostgres);
  const console = flags.console ? createConsole(around, loadEndpoint.url) : null;

  children.push(...nodes, ...(console === null ? [] : [console]));
  undo.defer(() => stopChildren(nodes, console, say));
  undo.defer(() => {
    load.stop();
    loadEndpoint.close();
  });
  say(
    `starting ${flags.nodes === 1 ? "one node" : `${flags.nodes} nodes`}${console ? " and the console" : ""}`,
  );
  await Promise.all(children.map((child) => child.start()));
  await Promise.all([
    ...nodes.map((node, index) =>
      becomeReady(node, `${nodeUrlOf(flags, index + 1)}/readyz`, signal),
    ),
    ...(console === null ? [] : [becomeReady(console, `${consoleUrlOf(flags)}/`, signal)]),
  ]);
  load.start();
}

async function openExitRecorder(
  { undo, say }: Launch,
  around: Surroundings,
): Promise<ExitRecorder> {
  const exits = new ExitRecorder(around.databaseUrl, around.cluster, (error) =>
    say(`the launcher's connection to the database: ${error.message}`),
  );
  undo.defer(() => exits.close());
  await exits.warmUp();
  return exits;
}

/** A node whose death is proven to the cluster as soon as its process has ended. */
function supervisedNode(index: number, around: Surroundings, exits: ExitRecorder): Child {
  const nodeId = nodeIdOf(index);
  let incarnation: string | null = null;
  return createNode(index, around, {
    onMessage: (message) => {
      incarnation = incarnationIn(message) ?? incarnation;
    },
    onUnaskedExit: async ({ pid }) => {
      const proven = await exits.record({ nodeId, pid, incarnation });
      if (proven !== null)
        around.say(`${nodeId}: told the cluster that life ${proven.slice(0, 8)} is over`);
    },
  });
}

function incarnationIn(message: unknown): string | null {
  const joined = message as { type?: unknown; incarnation?: unknown } | null;
  return joined?.type === "joined" && typeof joined.incarnation === "string"
    ? joined.incarnation
    : null;
}

/** All nodes at once: the cluster stops as a whole, so there is nobody to hand anything over to. */
async function stopChildren(
  nodes: readonly Child[],
  console: Child | null,
  say: (line: string) => void,
): Promise<void> {
  say("stopping");
  await Promise.all([
    ...nodes.map((node) =>
      node.stop((child) => tell(child, { type: "stop-cluster" }), nodesStopMs),
    ),
    console?.stop((child) => child.kill("SIGTERM"), consoleStopMs),
  ]);
}
