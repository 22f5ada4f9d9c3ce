import { once } from "node:events";
import { readFile, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createDatabaseDir } from "../support/database-dir.ts";
import { freePorts, Launcher } from "./harness/launcher.ts";
import { waitUntil } from "./harness.ts";

/** Shared by all tests: making a database is the slow part. */
let dataDir: string;
let nodePort: number;
const launchers: Launcher[] = [];

beforeAll(async () => {
  dataDir = await createDatabaseDir("launch");
  nodePort = await freePorts(3);
});
afterEach(async ({ task }) => {
  for (const launcher of launchers.splice(0)) {
    if (task.result?.state === "fail") process.stderr.write(launcher.output);
    await launcher.destroy();
  }
});
afterAll(() => rm(dataDir, { recursive: true }));

/** Two nodes where three would only take longer to start. The last of two equal flags counts. */
function launch(...flags: string[]): Launcher {
  const small = ["--no-console", "--shards", "32", "--nodes", "2"];
  const all = [...small, "--node-port", String(nodePort), ...flags];
  const launcher = new Launcher(dataDir, all);
  launchers.push(launcher);
  return launcher;
}

async function ask(url: string, path: string, method = "GET", body?: unknown): Promise<unknown> {
  const token = (await readFile(join(dataDir, "token"), "utf8")).trim();
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(5_000),
  });
  expect(response.status, `${method} ${path}`).toBe(200);
  return await response.json();
}
const pidOf = async (url: string): Promise<number> =>
  ((await ask(url, "/v1/self")) as { pid: number }).pid;
const counts = async (url: string) =>
  ((await ask(url, "/v1/cluster")) as { shards: { hosted: number; total: number } }).shards;

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe.skipIf(process.platform !== "linux")("pnpm start", () => {
  test("says once where everything is, serves, and leaves nothing after SIGTERM", async () => {
    const launcher = launch("--nodes", "3");
    const { console, nodes, database } = await launcher.ready();
    expect(console).toBe("-");
    expect(nodes).toEqual([1, 2, 3].map((index) => `http://127.0.0.1:${nodePort + index}`));
    for (const url of nodes) expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(await query(database, "select 1 as one")).toEqual([{ one: 1 }]);
    for (const name of ["secret", "token"]) {
      expect((await stat(join(dataDir, name))).mode & 0o777, name).toBe(0o600);
    }
    await waitUntil("all shards are hosted", async () => {
      const { hosted, total } = await counts(nodes[0] ?? "");
      return total === 32 && hosted === total;
    });
    launcher.child.kill("SIGTERM");
    expect(await launcher.exit()).toEqual({ code: 0, signal: null });
    expect(launcher.processes()).toEqual([]);
    expect(launcher.output.match(/^ready /gm)).toHaveLength(1);
  });

  test("starts a killed node again and proves its death to the cluster", async () => {
    const launcher = launch("--respawn-ms", "300", "--load", "0");
    const { nodes, database } = await launcher.ready();
    const [first = ""] = nodes;
    const pid = await pidOf(first);
    process.kill(pid, "SIGKILL");
    await waitUntil("node-1 runs again", async () => (await pidOf(first)) !== pid);
    const proofs = await query(
      database,
      `select node_id from leasehold_default.exits where pid = ${pid}`,
    );
    expect(proofs).toEqual([{ node_id: "node-1" }]);
    await waitUntil("node-1 is ready again", async () => (await fetch(`${first}/readyz`)).ok);
  });

  test("that was killed leaves nothing, not even a paused node, and can start again at once", async () => {
    const launcher = launch("--load", "0");
    const { nodes } = await launcher.ready();
    await ask(nodes[1] ?? "", "/v1/faults", "POST", { kind: "pause", ttlMs: 600_000 });
    launcher.child.kill("SIGKILL");
    const next = launch("--load", "0");
    await launcher.exit();
    await waitUntil("no process of the killed one is left", () => {
      const left = launcher
        .processes()
        .filter((one) => !next.processes().some((own) => own.pid === one.pid));
      if (left.length > 0) throw new Error(left.map((one) => one.command).join("; "));
      return true;
    });
    await next.ready();
    next.child.kill("SIGINT");
    expect(await next.exit()).toEqual({ code: 0, signal: null });
    expect(next.processes()).toEqual([]);
  });

  test("stops a frozen and a paused node as fast as any other", async () => {
    const launcher = launch("--load", "0");
    const { nodes } = await launcher.ready();
    await ask(nodes[0] ?? "", "/v1/faults", "POST", { kind: "freeze", ttlMs: 600_000 });
    await ask(nodes[1] ?? "", "/v1/faults", "POST", { kind: "pause", ttlMs: 600_000 });
    launcher.child.kill("SIGTERM");
    expect(await launcher.exit()).toEqual({ code: 0, signal: null });
    expect(launcher.output).not.toContain("killed");
    expect(launcher.processes()).toEqual([]);
  });

  test("is refused while another one has the data directory, which goes on", async () => {
    const first = launch("--load", "0");
    const { nodes } = await first.ready();
    const second = launch("--node-port", String(await freePorts(3)));
    expect(await second.exit()).toEqual({ code: 1, signal: null });
    expect(second.output).toContain(`Another launcher (pid ${first.child.pid}) runs on ${dataDir}`);
    for (const url of nodes) expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  test("names the taken port and the flag that moves it, and starts nothing", async () => {
    const taken = createServer().listen(nodePort + 2, "127.0.0.1");
    await once(taken, "listening");
    try {
      const launcher = launch();
      expect(await launcher.exit()).toEqual({ code: 1, signal: null });
      expect(launcher.output).toContain(`Port ${nodePort + 2} of node-2 is taken`);
      expect(launcher.output).toContain("--node-port");
      expect(launcher.processes()).toEqual([]);
    } finally {
      taken.close();
    }
  });

  test("stops in order also while it starts", async () => {
    const launcher = launch();
    await waitUntil("the nodes are started", () => launcher.output.includes("starting 2 nodes"));
    launcher.child.kill("SIGTERM");
    expect(await launcher.exit()).toEqual({ code: 0, signal: null });
    expect(launcher.output).not.toContain("ready console");
    expect(launcher.processes()).toEqual([]);
  });
});
