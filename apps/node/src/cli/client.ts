import { type Command, Option } from "commander";
import { ConfigError } from "../config/read-config.ts";
import type { Problem } from "../http/problems.ts";
import { type CliIo, CommandFailed } from "./io.ts";

/** How a client command reaches its node. */
export interface ClientFlags {
  readonly node?: string;
  readonly token?: string;
  readonly json?: true;
}

const defaultUrl = "http://127.0.0.1:4101";
const timeoutMs = 20_000;

export const addClientFlags = (command: Command): Command =>
  command
    .addOption(
      new Option(
        "--node <url>",
        `any node of the cluster [env LEASEHOLD_URL] [default: ${defaultUrl}]`,
      ),
    )
    .addOption(
      new Option("--token <token>", "the node's token [env LEASEHOLD_TOKEN] [default: none]"),
    )
    .addOption(new Option("--json", "print JSON"));

/** One node's HTTP. Every failure is a {@link CommandFailed} that says which node and why. */
export class NodeClient {
  readonly url: string;
  readonly #token: string | undefined;
  readonly #io: CliIo;

  /** @throws {ConfigError} the URL is none. */
  constructor(io: CliIo, flags: ClientFlags) {
    this.url = readUrl(flags.node, io.env["LEASEHOLD_URL"]);
    this.#token = flags.token ?? (io.env["LEASEHOLD_TOKEN"] || undefined);
    this.#io = io;
  }

  get = async <T>(path: string): Promise<T> => await this.send<T>("GET", path);
  post = async <T>(path: string, body?: unknown): Promise<T> =>
    await this.send<T>("POST", path, body);

  async send<T>(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<T> {
    const response = await this.#fetch(method, path, body);
    const answer = await readJson(response);
    if (response.ok && answer !== undefined) return answer as T;
    if (isProblem(answer)) throw new CommandFailed(sentenceOf(answer), { problem: answer });
    throw new CommandFailed(
      `${this.url} answered ${response.status} and no problem: is a node of leasehold listening there?`,
    );
  }

  async #fetch(method: string, path: string, body: unknown): Promise<Response> {
    const headers: Record<string, string> = { "leasehold-by": this.#io.user.slice(0, 64) };
    if (this.#token !== undefined) headers["authorization"] = `Bearer ${this.#token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    try {
      return await this.#io.fetch(new URL(path, this.url), {
        method,
        headers,
        signal: AbortSignal.timeout(timeoutMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      const why = reasonOf(cause);
      const advice = "Name another node with --node or LEASEHOLD_URL.";
      throw new CommandFailed(`No node answers at ${this.url} (${why}). ${advice}`, { cause });
    }
  }
}

function readUrl(flag: string | undefined, variable: string | undefined): string {
  const given = flag ?? (variable || undefined) ?? defaultUrl;
  if (URL.canParse(given) && /^https?:$/.test(new URL(given).protocol))
    return new URL(given).origin;
  const source = flag === undefined ? `LEASEHOLD_URL=${given}` : `--node ${given}`;
  throw new ConfigError([`${source} is not accepted: it must be a URL like ${defaultUrl}.`]);
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    // Whatever it is, it is not a node's answer; the caller says so.
    return undefined;
  }
}

const isProblem = (value: unknown): value is Problem =>
  typeof value === "object" && value !== null && "code" in value && "detail" in value;

const sentenceOf = ({ title, detail, code }: Problem): string => `${title}: ${detail} (${code})`;

function reasonOf(error: unknown): string {
  const { name, cause } = error as { name?: string; cause?: { code?: string; message?: string } };
  if (name === "TimeoutError") return `no answer within ${timeoutMs} ms`;
  return cause?.code ?? cause?.message ?? String(error);
}
