import { Agent, type IncomingMessage, type RequestOptions, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

/** One command for an entity, over the HTTP of any node. */
export interface CommandRequest {
  readonly type: string;
  readonly id: string;
  readonly command: string;
  readonly input: unknown;
  readonly idempotencyKey?: string;
  /** Tried first; the next ones follow in order. */
  readonly firstNode: number;
}

export type CommandOutcome =
  | {
      readonly tag: "ok";
      readonly result: unknown;
      readonly servedBy: ServedBy;
      readonly attempts: number;
    }
  | {
      readonly tag: "failed";
      /** A problem's code, or that of a failed connection. */
      readonly code: string;
      readonly executed: "no" | "yes" | "unknown";
      readonly attempts: number;
    };

export interface ServedBy {
  readonly nodeId: string;
  readonly incarnation: string;
  readonly group: string;
  readonly shard: number;
  readonly epoch: number;
  /** Of a durable entity. */
  readonly version?: number;
}

export interface CommandClientOptions {
  /** Read at each attempt, so that it may change. */
  readonly nodes: () => readonly string[];
  readonly token?: string;
  /** For all attempts together. @unit milliseconds @default 10000 */
  readonly deadlineMs?: number;
  /** Per node. @default 64 */
  readonly connections?: number;
}

/**
 * A client that honours what nodes say: a command that surely did not run is tried on the next node until
 * the deadline, any other failure is told as it is. A node that says `Connection: close` is leaving: it
 * is not asked for a while, so that no command is on its way to it when it closes its port.
 */
export class CommandClient {
  readonly #options: CommandClientOptions;
  readonly #agent: Agent;
  /** Nodes that said `Connection: close`, and until when they are left alone. */
  readonly #leaving = new Map<string, number>();
  #isClosed = false;

  constructor(options: CommandClientOptions) {
    this.#options = options;
    this.#agent = new Agent({
      keepAlive: true,
      // An idle connection is left before the node ends it, as its Keep-Alive header says: without a time of
      // its own the agent ignores that, and a command could meet the end. Does not apply to a command under way.
      timeout: idleMs,
      maxSockets: options.connections ?? 64,
      scheduling: "lifo",
    });
  }

  /** Never throws: a failure is an outcome. */
  async send(command: CommandRequest): Promise<CommandOutcome> {
    const endsAtMs = performance.now() + (this.#options.deadlineMs ?? 10_000);
    for (let attempts = 1; ; attempts++) {
      const nodes = this.#options.nodes();
      const node = this.#pick(nodes, command.firstNode + attempts - 1);
      const answer =
        node === undefined
          ? noNode
          : await this.#attempt(node, command, endsAtMs - performance.now());
      if (answer.tag === "ok") return { ...answer, attempts };
      const waitMs = attempts < nodes.length ? 0 : pauseAfter(attempts - nodes.length);
      const isOver = this.#isClosed || !answer.mayRetry || performance.now() + waitMs >= endsAtMs;
      if (isOver) return { tag: "failed", code: answer.code, executed: answer.executed, attempts };
      if (waitMs > 0) await pause(waitMs);
    }
  }

  /** What is under way fails. */
  close(): void {
    this.#isClosed = true;
    this.#agent.destroy();
  }

  /**
   * The first from `start` on that does not leave. In a rolling restart all may have said that they do, one after
   * the other: then the one that said it first, which is the most likely to be back.
   */
  #pick(nodes: readonly string[], start: number): string | undefined {
    const nowMs = performance.now();
    const ring = nodes.map((_, i) => nodes[(start + i) % nodes.length] as string);
    const untilMs = (node: string): number => Math.max(this.#leaving.get(node) ?? 0, nowMs);
    return ring.toSorted((a, b) => untilMs(a) - untilMs(b))[0];
  }

  async #attempt(node: string, command: CommandRequest, leftMs: number): Promise<Answer> {
    const path = ["v1", "entities", command.type, command.id, command.command];
    const url = new URL(`/${path.map((part) => encodeURIComponent(part)).join("/")}`, node);
    const body = JSON.stringify(command.input);
    try {
      const response = await post(url, body, {
        agent: this.#agent,
        // The node gives up first and says what became of the command; this is for when it cannot.
        endsInMs: leftMs + 500,
        headers: this.#headers(command, leftMs),
      });
      if (response.isLast) this.#leaving.set(node, performance.now() + avoidMs);
      return read(response.status, response.text);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "CONNECTION_FAILED";
      // Refused: nobody took the command. After that, nobody can tell.
      const refused = code === "ECONNREFUSED";
      return { tag: "failed", code, executed: refused ? "no" : "unknown", mayRetry: refused };
    }
  }

  #headers(command: CommandRequest, leftMs: number): Record<string, string> {
    const { token } = this.#options;
    return {
      "content-type": "application/json",
      "leasehold-deadline-ms": String(Math.max(1, Math.floor(leftMs))),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(command.idempotencyKey === undefined
        ? {}
        : { "idempotency-key": command.idempotencyKey }),
    };
  }
}

/** @unit milliseconds */
const idleMs = 60_000;

/** Longer than a leave takes on a busy machine: a command that meets its end is lost. @unit milliseconds */
const avoidMs = 10_000;

type Answer =
  | { readonly tag: "ok"; readonly result: unknown; readonly servedBy: ServedBy }
  | {
      readonly tag: "failed";
      readonly code: string;
      readonly executed: "no" | "yes" | "unknown";
      readonly mayRetry: boolean;
    };

const noNode: Answer = { tag: "failed", code: "NO_NODE", executed: "no", mayRetry: true };

/** After each node has refused once: 20 ms, doubling up to 320 ms. */
const pauseAfter = (rounds: number): number => 20 * 2 ** Math.min(rounds, 4);

function read(status: number, text: string): Answer {
  const body = parse(text);
  if (status === 200)
    return { tag: "ok", result: body["result"], servedBy: body["servedBy"] as ServedBy };
  const executed =
    body["executed"] === "no" || body["executed"] === "yes" ? body["executed"] : "unknown";
  return {
    tag: "failed",
    code: typeof body["code"] === "string" ? body["code"] : `HTTP_${status}`,
    executed,
    mayRetry: executed === "no" && body["retryable"] === true,
  };
}

function parse(text: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    // Something other than a node answered; the status says enough.
    return {};
  }
}

async function post(
  url: URL,
  body: string,
  { endsInMs, ...options }: RequestOptions & { readonly endsInMs: number },
): Promise<{ readonly status: number; readonly text: string; readonly isLast: boolean }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(url, { ...options, method: "POST" }, resolve);
    outgoing.on("error", reject);
    // Not the request's own `timeout`: that one begins anew with each sign of life.
    const late = setTimeout(() => outgoing.destroy(timeoutError()), endsInMs);
    outgoing.once("close", () => clearTimeout(late));
    outgoing.end(body);
  });
  let text = "";
  response.setEncoding("utf8");
  for await (const chunk of response) text += chunk;
  const isLast = response.headers.connection?.toLowerCase() === "close";
  return { status: response.statusCode ?? 0, text, isLast };
}

const timeoutError = (): Error =>
  Object.assign(new Error("No answer in time."), { code: "ETIMEDOUT" });
