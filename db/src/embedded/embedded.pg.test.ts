import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { EmbeddedPostgresError } from "../errors.ts";
import { type EmbeddedOptions, type EmbeddedPostgres, startEmbedded } from "./index.ts";
import { isAlive } from "./postmaster.ts";

/** Made once, because creating a database cluster is the slow part; a test may want its own. */
let dataDir: string;
const directories: string[] = [];
const running: EmbeddedPostgres[] = [];

async function emptyDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "leasehold-embedded-"));
  directories.push(directory);
  await chmod(directory, 0o711);
  return directory;
}

beforeAll(async () => {
  dataDir = await emptyDirectory();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});
afterAll(async () => {
  for (const directory of directories) await rm(directory, { recursive: true, force: true });
});

async function start(options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbedded({ dataDir, port: 0, ...options });
  running.push(server);
  return server;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

const endOfProcess = async (pid: number) =>
  await expect
    .poll(() => isAlive(pid), { message: `process ${pid} ends`, timeout: 15_000 })
    .toBe(false);

describe("an embedded PostgreSQL", () => {
  test("is created at the first start, and durable as a real one", async () => {
    const lines: string[] = [];
    const { url } = await start({
      dataDir: await emptyDirectory(),
      log: (line) => lines.push(line),
    });
    const settings =
      "fsync, synchronous_commit, max_connections, listen_addresses, unix_socket_directories, password_encryption";
    const [row] = await query(
      url,
      `select current_setting('server_version_num')::int / 10000 as major, ${settings
        .split(", ")
        .map((name) => `current_setting('${name}') as ${name}`)
        .join(", ")}`,
    );
    expect(row).toEqual({
      major: 18,
      fsync: "on",
      synchronous_commit: "on",
      max_connections: "200",
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      password_encryption: "scram-sha-256",
    });
    expect(lines).toEqual([
      expect.stringContaining("creating a PostgreSQL 18"),
      expect.stringContaining("listens on 127.0.0.1:"),
    ]);
  });

  test("lets nobody in without the password, which only its owner can read", async () => {
    const { url } = await start();
    const file = join(dataDir, "postgres-password");
    expect(new URL(url).password).toBe((await readFile(file, "utf8")).trim());
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const guess = new URL(url);
    guess.password = "guess";
    await expect(query(guess.href, "select 1")).rejects.toMatchObject({ code: "28P01" });
  });

  test("keeps its data over a stop and a start", async () => {
    const first = await start();
    await query(first.url, "create table kept as select 42 as answer");
    await first.stop();
    const second = await start();
    expect(await query(second.url, "select answer from kept")).toEqual([{ answer: 42 }]);
  });

  test("begins with nothing when asked for a fresh one", async () => {
    const options = { dataDir: await emptyDirectory() };
    const first = await start(options);
    await query(first.url, "create table gone ()");
    await first.stop();
    const { url } = await start({ ...options, fresh: true });
    expect(await query(url, "select to_regclass('gone') as found")).toEqual([{ found: null }]);
  });

  test("starts after a crash and has what was committed", async () => {
    const first = await start();
    await query(first.url, "create table survivor as select 42 as answer");
    process.kill(first.pid, "SIGKILL");
    await first.ended;
    expect(await readdir(join(dataDir, "postgres"))).toContain("postmaster.pid");
    const second = await start();
    expect(await query(second.url, "select answer from survivor")).toEqual([{ answer: 42 }]);
  });

  test("starts although the number in a stale pid file is another process's by now", async () => {
    const first = await start();
    const pidFile = join(dataDir, "postgres", "postmaster.pid");
    const text = await readFile(pidFile, "utf8");
    await first.stop();
    // Postgres itself believes in any process that it could signal, so this one is its account's.
    const { uid, gid } = await stat(join(dataDir, "postgres"));
    const stranger = spawn("sleep", ["60"], { uid, gid, stdio: "ignore" });
    await once(stranger, "spawn");
    try {
      await writeFile(pidFile, text.replace(/^\d+/, String(stranger.pid)));
      expect(await query((await start()).url, "select 1 as one")).toEqual([{ one: 1 }]);
      expect(stranger.exitCode ?? stranger.signalCode).toBe(null);
    } finally {
      stranger.kill();
    }
  });

  test("starts over when an earlier creation was cut short", async () => {
    const ended = spawn(process.execPath, ["--version"], { stdio: "ignore" });
    await once(ended, "exit");
    const unfinished = `postgres.init-${ended.pid}`;
    const directory = await emptyDirectory();
    await mkdir(join(directory, unfinished));
    await writeFile(join(directory, unfinished, "PG_VERSION"), "18\n");
    const { url } = await start({ dataDir: directory });
    expect(await query(url, "select 1 as one")).toEqual([{ one: 1 }]);
    expect(await readdir(directory)).not.toContain(unfinished);
  });

  test("is refused while a server runs on its data, naming the server's pid", async () => {
    const { pid } = await start();
    const second = startEmbedded({ dataDir, port: 0, fresh: true });
    await expect(second).rejects.toThrow(EmbeddedPostgresError);
    await expect(second).rejects.toThrow(new RegExp(`already runs on .* \\(pid ${pid}\\)`));
    expect(isAlive(pid)).toBe(true);
  });

  test("is refused on a port that another program has, before anything is created", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const directory = await emptyDirectory();
    try {
      const taken = startEmbedded({ dataDir: directory, port });
      await expect(taken).rejects.toThrow(`127.0.0.1:${port}: another program listens there`);
      expect(await readdir(directory)).toEqual([]);
    } finally {
      other.close();
    }
  });

  test("does not listen beyond loopback", async () => {
    const open = startEmbedded({ dataDir, port: 0, host: "0.0.0.0" });
    await expect(open).rejects.toThrow(/loopback only, not 0\.0\.0\.0/);
  });

  test("is refused when its files are those of another major version", async () => {
    const directory = await emptyDirectory();
    await mkdir(join(directory, "postgres"));
    await writeFile(join(directory, "postgres", "PG_VERSION"), "15\n");
    await expect(startEmbedded({ dataDir: directory, port: 0 })).rejects.toThrow(
      /PostgreSQL 15, .* --fresh/,
    );
  });

  test("ends with its sessions when it is stopped, and leaves no process", async () => {
    const server = await start();
    const client = new pg.Client({ connectionString: server.url });
    client.on("error", () => undefined);
    const lost = new Promise((resolve) => client.once("end", resolve));
    await client.connect();
    const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    await server.stop();
    await lost;
    for (const pid of [server.pid, rows[0]?.pid ?? 0, ...(await guardsOf(server.pid))]) {
      await endOfProcess(pid);
    }
    expect(await readdir(join(dataDir, "postgres"))).not.toContain("postmaster.pid");
  });
});

describe.runIf(process.getuid?.() === 0)("started by root", () => {
  test("keeps its files elsewhere when root's directory is closed to its account", async () => {
    const closed = await emptyDirectory();
    await chmod(closed, 0o700);
    const lines: string[] = [];
    const options = { dataDir: join(closed, "data"), log: (line: string) => lines.push(line) };
    const server = await start(options);
    const home = /its files are in (\S+)$/.exec(lines[0] ?? "")?.[1] ?? "";
    expect(home).toMatch(/^\/var\/lib\/leasehold\//);
    directories.push(home);
    expect(await query(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
    expect((await stat(closed)).mode & 0o777).toBe(0o700);
  });
});

describe("a launcher of an embedded PostgreSQL", () => {
  let launcher: ChildProcess;
  let lines: NodeJS.AsyncIterator<string>;

  const nextLine = async () => String((await lines.next()).value);
  const launch = async (): Promise<{ pid: number; url: string }> => {
    const program = fileURLToPath(new URL("./fixtures/launcher.ts", import.meta.url));
    launcher = spawn(process.execPath, [program, dataDir], {
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    });
    if (launcher.stdout === null) throw new Error("the launcher has no output");
    lines = createInterface(launcher.stdout)[Symbol.asyncIterator]();
    return JSON.parse(await nextLine()) as { pid: number; url: string };
  };
  afterEach(async () => {
    launcher.kill("SIGKILL");
    await expect
      .poll(async () => (await readdir(join(dataDir, "postgres"))).includes("postmaster.pid"), {
        message: "the guard stops the server of the killed launcher",
        timeout: 15_000,
      })
      .toBe(false);
  });

  test("leaves no Postgres behind when it is killed", async () => {
    const { pid } = await launch();
    const guards = await guardsOf(pid);
    expect(guards).toHaveLength(1);
    launcher.kill("SIGKILL");
    await endOfProcess(pid);
    for (const guard of guards) await endOfProcess(guard);
  });

  test("is the only one that Ctrl-C reaches", async () => {
    const { pid, url } = await launch();
    process.kill(-(launcher.pid ?? 0), "SIGINT");
    expect(await nextLine()).toBe("interrupted");
    expect(await query(url, "select 1 as one")).toEqual([{ one: 1 }]);
    expect(await guardsOf(pid)).toHaveLength(1);
  });
});

/** The guard processes of a server, found by their command line. */
async function guardsOf(pid: number): Promise<number[]> {
  const listing = spawn("ps", ["-eo", "pid=,args="], { stdio: ["ignore", "pipe", "inherit"] });
  const found: number[] = [];
  for await (const line of createInterface(listing.stdout)) {
    if (line.includes(`guard.ts ${pid} `)) found.push(Number.parseInt(line, 10));
  }
  return found;
}
