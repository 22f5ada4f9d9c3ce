import type { IncomingMessage } from "node:http";
import {
  type AskAnswer,
  type AskRequest,
  CommandError,
  CommandInvalidError,
  ShardingError,
  type ShardingNode,
} from "@leasehold/sharding";

/** @unit bytes */
const bodyLimit = 10_000;

/** What a page may ask for: each call is one command of one entity, with the body as its input. */
const calls: readonly [RegExp, Pick<AskRequest, "type" | "command">][] = [
  [/^PUT \/api\/lots\/([^/]+)$/, { type: "lot", command: "open" }],
  [/^POST \/api\/lots\/([^/]+)\/bids$/, { type: "lot", command: "bid" }],
  [/^PUT \/api\/purses\/([^/]+)$/, { type: "purse", command: "open" }],
];

class BadRequest extends Error {}

/**
 * Under the browser's key a command takes effect once, also where its node dies while it runs: the proxy asks again
 * until it knows.
 */
export async function ask(
  node: ShardingNode,
  path: string,
  request: IncomingMessage,
): Promise<AskAnswer> {
  const input = await bodyOf(request);
  const key = request.headers["idempotency-key"];
  for (const [pattern, command] of calls) {
    const id = pattern.exec(`${request.method} ${path}`)?.[1];
    if (id === undefined) continue;
    const once = typeof key === "string" ? { key } : {};
    return await node.ask({ ...command, ...once, id: decoded(id), input });
  }
  throw new BadRequest(`There is no call ${request.method} ${path}.`);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  // No page of another origin can send this type without being asked first, and nobody answers that.
  if (request.headers["content-type"] !== "application/json") {
    throw new BadRequest("The body must be application/json.");
  }
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += String(chunk);
    if (text.length > bodyLimit) throw new BadRequest(`The body is above ${bodyLimit} bytes.`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BadRequest("The body is not JSON.", { cause });
  }
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch (cause) {
    throw new BadRequest("The path cannot be decoded.", { cause });
  }
}

export function problemOf(error: unknown): {
  readonly status: number;
  readonly problem: { readonly code: string; readonly message: string };
} {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof BadRequest)
    return { status: 400, problem: { code: "BAD_REQUEST", message } };
  if (!(error instanceof ShardingError)) return { status: 500, problem: { code: "BUG", message } };
  const status =
    error instanceof CommandError
      ? (error.status ?? 422)
      : error instanceof CommandInvalidError
        ? 400
        : 503;
  return { status, problem: { code: error.code, message } };
}
