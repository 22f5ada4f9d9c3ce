import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type ClusterAnswer,
  clusterAnswer,
  type SelfAnswer,
  type ShardAnswer,
  selfAnswer,
  shardsAnswer,
} from "../../cluster/harness/answers.ts";
import { freePorts, Launcher, type Ready } from "../../cluster/harness/launcher.ts";
import { waitUntil } from "../../cluster/harness/wait-until.ts";
import { createDatabaseDir } from "../../support/database-dir.ts";

/** @unit milliseconds */
const leaseTtlMs = 2_000;
/** How long a crashed process stays away. @unit milliseconds */
const respawnMs = 1_500;
export const shardCount = 64;
export const nodeIds = ["node-1", "node-2", "node-3"];
/** Building the console, the first time, is most of it. @unit milliseconds */
export const startLimitMs = 300_000;

/**
 * `pnpm start` as an operator runs it, with a data directory and ports of its own. Nothing rebalances by
 * itself, so that a test sees what it asked for and nothing else.
 */
export class E2eCluster {
  readonly consoleUrl: string;
  readonly databaseUrl: string;
  readonly #urls: readonly string[];
  readonly #launcher: Launcher;
  readonly #dataDir: string;
  readonly #token: string;
  readonly #tokens: Tokens;

  private constructor(launcher: Launcher, dataDir: string, tokens: Tokens, ready: Ready) {
    this.consoleUrl = ready.console;
    this.databaseUrl = ready.database;
    this.#urls = ready.nodes;
    this.#launcher = launcher;
    this.#dataDir = dataDir;
    this.#tokens = tokens;
    this.#token = tokens.admin;
  }

  /**
   * @param tell gets each line of the launcher: the first start builds the console and takes a while.
   * @param env for every process of it.
   */
  static async start(
    tell: (line: string) => void,
    env: NodeJS.ProcessEnv = {},
  ): Promise<E2eCluster> {
    const dataDir = await createDatabaseDir("console");
    const ports = await freePorts(nodeIds.length + 1);
    const flags = {
      "--nodes": nodeIds.length,
      "--shards": shardCount,
      "--load": 20,
      "--node-port": ports,
      "--console-port": ports + nodeIds.length + 1,
      "--respawn-ms": respawnMs,
    };
    const launcher = new Launcher(dataDir, Object.entries(flags).flat().map(String), {
      LEASEHOLD_LEASE_TTL_MS: String(leaseTtlMs),
      LEASEHOLD_REBALANCE: "manual",
      ...env,
    });
    // A run that is cut short has no time for a fixture's end.
    process.once("exit", () => launcher.child.kill("SIGTERM"));
    launcher.child.stdout?.on("data", (chunk) => tell(String(chunk)));
    try {
      const ready = await Promise.race([launcher.ready(startLimitMs), endOf(launcher)]);
      return new E2eCluster(launcher, dataDir, await tokensIn(dataDir), ready);
    } catch (error) {
      await launcher.destroy();
      await rm(dataDir, { recursive: true });
      throw error;
    }
  }

  /** What another console of this cluster is told. */
  get consoleEnv(): Record<string, string> {
    const { viewer, operator, chaos, admin } = this.#tokens;
    return {
      DATABASE_URL: this.databaseUrl,
      LEASEHOLD_NODES: this.#urls.join(","),
      LEASEHOLD_TOKEN: admin,
      LEASEHOLD_TOKEN_VIEWER: viewer,
      LEASEHOLD_TOKEN_OPERATOR: operator,
      LEASEHOLD_TOKEN_CHAOS: chaos,
    };
  }

  /** What a node says to whoever has this role's token and nothing else. */
  async askAs(
    role: keyof Tokens,
    method: string,
    path: string,
  ): Promise<{ readonly status: number; readonly code: unknown }> {
    const response = await fetch(`${this.#urls[0]}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#tokens[role]}` },
    });
    const { code } = (await response.json()) as { readonly code?: unknown };
    return { status: response.status, code };
  }

  /** As an operator stops it. @throws where it does not end in order, or leaves a process behind. */
  async stop(): Promise<void> {
    this.#launcher.child.kill("SIGTERM");
    const { code } = await this.#launcher.exit();
    const left = this.#launcher.processes();
    await this.#launcher.destroy();
    if (code !== 0 || left.length > 0) {
      const processes = left.map((one) => one.command).join("\n");
      throw new Error(`The launcher ended with ${code}:\n${this.#launcher.output}\n${processes}`);
    }
    await rm(this.#dataDir, { recursive: true });
  }

  /** What the launcher said and the end of each process's log, for a test that failed. */
  async logs(): Promise<string> {
    const directory = join(this.#dataDir, "logs");
    const parts = [`--- launcher\n${this.#launcher.output}`];
    for (const name of (await readdir(directory)).sort()) {
      const lines = (await readFile(join(directory, name), "utf8")).trimEnd().split("\n");
      parts.push(`--- ${name}\n${lines.slice(-80).join("\n")}`);
    }
    return parts.join("\n\n");
  }

  /** The pid of the console's server. */
  consolePid(): number {
    const found = this.#launcher.processes().find((one) => one.command.endsWith("server.ts"));
    if (found === undefined) throw new Error("The console's server does not run.");
    return found.pid;
  }

  /** `GET` of node `index` (`node-1` is 1), or of whichever answers first. @throws unless it is 2xx. */
  async read(path: string, index?: number): Promise<unknown> {
    const urls = index === undefined ? this.#urls : this.#urls.slice(index - 1, index);
    return await Promise.any(urls.map((url) => this.#ask(url, "GET", path)));
  }

  /** `POST` to the first node that carries it out. */
  async order(path: string, body: unknown = {}): Promise<unknown> {
    const errors: unknown[] = [];
    for (const url of this.#urls) {
      try {
        return await this.#ask(url, "POST", path, body);
      } catch (error) {
        errors.push(error);
      }
    }
    throw new AggregateError(errors, errors.map(String).join("; "));
  }

  async cluster(): Promise<ClusterAnswer> {
    return clusterAnswer.parse(await this.read("/v1/cluster"));
  }

  async shards(): Promise<readonly ShardAnswer[]> {
    return shardsAnswer.parse(await this.read("/v1/shards?limit=1000")).shards;
  }

  async self(index: number): Promise<SelfAnswer> {
    return selfAnswer.parse(await this.read("/v1/self", index));
  }

  /** A fault of node `index`; it ends with the test's heal, or by itself. */
  async fault(index: number, fault: Readonly<Record<string, unknown>>): Promise<void> {
    const [url = ""] = this.#urls.slice(index - 1);
    await this.#ask(url, "POST", "/v1/faults", fault);
  }

  /** SIGKILL; the launcher starts it again. */
  async crash(index: number): Promise<void> {
    process.kill((await this.self(index)).pid, "SIGKILL");
  }

  /** Leaves the node up and open, with nothing on it. */
  async empty(index: number): Promise<void> {
    await this.order(`/v1/nodes/node-${index}/drain`);
    await waitUntil(`node-${index} is drained`, async () => {
      const { state = "" } = (await this.cluster()).nodes[index - 1] ?? {};
      if (state !== "drained") throw new Error(state);
      return true;
    });
    await this.order(`/v1/nodes/node-${index}/uncordon`);
    await this.waitUntilUp(index);
  }

  /** The node runs, and the cluster knows this life of it. */
  async waitUntilUp(index: number): Promise<void> {
    await waitUntil(`node-${index} is up`, async () => {
      const { incarnation } = await this.self(index);
      const row = (await this.cluster()).nodes[index - 1];
      return row?.state === "up" && row.incarnation === incarnation;
    });
  }

  async #ask(url: string, method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
      signal: AbortSignal.timeout(5_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }
}

interface Tokens {
  readonly viewer: string;
  readonly operator: string;
  readonly chaos: string;
  readonly admin: string;
}

async function tokensIn(dataDir: string): Promise<Tokens> {
  const read = async (name: string): Promise<string> =>
    (await readFile(join(dataDir, name), "utf8")).trim();
  return {
    viewer: await read("token-viewer"),
    operator: await read("token-operator"),
    chaos: await read("token-chaos"),
    admin: await read("token"),
  };
}

/** A launcher that gives up is not waited for. */
async function endOf(launcher: Launcher): Promise<never> {
  const { code } = await launcher.exit();
  throw new Error(`The launcher ended with ${code} while it started:\n${launcher.output}`);
}
