import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import type { Recorder } from "../tape/recorder.ts";
import type { Tape } from "../tape/tape.ts";
import { answerTape, type RawAnswer } from "../tape/tape-api.ts";
import { command, type Problem } from "../wire/commands.ts";
import { lookAt, runCommand } from "./commands.ts";
import { lookAtDaemons } from "./daemons.ts";
import type { Guard } from "./guard.ts";
import type { Hub } from "./hub.ts";
import { askNode, type NodeAnswer } from "./node-http.ts";

const tapePath = "/api/tape/";
const bodyLimit = 1 << 20;
const name = z.string().min(1).max(1024);
const entity = z.object({ type: name, id: name, namespace: name.default("default") });
const load = z.object({ targetPerSecond: z.number().min(0).max(100_000) });

/** What the routes are answered from. */
export interface ApiParts {
  readonly hub: Hub;
  readonly guard: Guard;
  readonly tape: Tape;
  readonly recorder: Pick<Recorder, "state">;
}

/** The console's own HTTP routes. True when the request was one of them. */
export function answerApi(
  parts: ApiParts,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const path = (request.url ?? "").split("?")[0] ?? "";
  if (!path.startsWith("/api/")) return false;
  respond(parts, request, path).then(
    (answer) => send(response, answer),
    (error: unknown) => {
      const detail = error instanceof Error ? error.message : String(error);
      send(response, refusal(500, "CONSOLE_FAILED", "The console failed.", detail));
    },
  );
  return true;
}

async function respond(
  { hub, guard, tape, recorder }: ApiParts,
  request: IncomingMessage,
  path: string,
): Promise<NodeAnswer | RawAnswer> {
  const isRead = request.method === "GET";
  const reason = isRead ? guard.refuse(request) : guard.refuseMutation(request);
  if (reason !== null) return refusal(403, "REQUEST_REFUSED", "The console refused.", reason);
  if (isRead && path.startsWith(tapePath)) {
    return await answerTape(tape, recorder.state(), path.slice(tapePath.length), queryOf(request));
  }
  switch (`${request.method} ${path}`) {
    case "GET /api/healthz":
      return { ok: true, status: 200, body: { seq: hub.authority.state?.seq ?? null } };
    case "GET /api/entity": {
      const it = entity.safeParse(queryOf(request));
      return it.success ? await lookAt(hub, it.data) : malformed(it.error);
    }
    case "GET /api/daemons":
      return { ok: true, status: 200, body: await lookAtDaemons(hub) };
    case "GET /api/load":
      return await askLoad(hub, "GET");
    case "PUT /api/load": {
      const target = load.safeParse(await readJson(request));
      return target.success ? await askLoad(hub, "PUT", target.data) : malformed(target.error);
    }
    case "POST /api/command": {
      const it = command.safeParse(await readJson(request));
      return it.success ? await runCommand(hub, it.data) : malformed(it.error);
    }
    default:
      return refusal(404, "NOT_FOUND", "There is no such route.", `${request.method} ${path}`);
  }
}

const queryOf = (request: IncomingMessage): Readonly<Record<string, string>> =>
  Object.fromEntries(new URL(request.url ?? "", "http://console").searchParams);

async function askLoad(hub: Hub, method: "GET" | "PUT", body?: unknown): Promise<NodeAnswer> {
  const { loadUrl, token } = hub.config;
  if (loadUrl === undefined) {
    return refusal(404, "NO_LOAD", "No sample load runs.", "LEASEHOLD_LOAD_URL is not set");
  }
  return await askNode(loadUrl, token, method, "", body, 3000);
}

/** Null for what is not JSON: the schema that reads it says what it wanted. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit) throw new Error(`The body is larger than ${bodyLimit} bytes.`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return null;
  }
}

function send(response: ServerResponse, answer: NodeAnswer | RawAnswer): void {
  const status = answer.ok ? answer.status : answer.problem.status;
  const body =
    "json" in answer ? answer.json : JSON.stringify(answer.ok ? answer.body : answer.problem);
  response.writeHead(status === 204 ? 200 : status, {
    "content-type": answer.ok ? "application/json" : "application/problem+json",
    "cache-control": "no-store",
  });
  response.end(body);
}

const malformed = (error: z.core.$ZodError): NodeAnswer =>
  refusal(400, "BAD_COMMAND", "The command cannot be read.", z.prettifyError(error));

function refusal(status: number, code: string, title: string, detail: string): NodeAnswer {
  const problem: Problem = { status, code, title, detail, retryable: false, executed: "no" };
  return { ok: false, reached: true, problem };
}
