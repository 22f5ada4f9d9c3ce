import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import type { Access, Caller } from "../access/access.ts";
import type { Actions } from "../audit/actions.ts";
import { type AuditReader, answerAudit } from "../audit/audit-reader.ts";
import { factsBefore } from "../audit/before-after.ts";
import { accessProblem } from "../audit/refusals.ts";
import type { Lab } from "../lab/lab.ts";
import { answerLab, labSubject } from "../lab/lab-api.ts";
import type { Recorder } from "../tape/recorder.ts";
import type { Tape } from "../tape/tape.ts";
import { answerTape, type RawAnswer } from "../tape/tape-api.ts";
import { nameOf } from "../wire/action-words.ts";
import { actionHeader, type Command, command, type Problem } from "../wire/commands.ts";
import { commandNeeds, may, routeNeedsOf } from "../wire/roles.ts";
import { lookAt, runCommand } from "./commands.ts";
import { lookAtDaemons } from "./daemons.ts";
import type { Guard } from "./guard.ts";
import type { Hub } from "./hub.ts";
import type { Log } from "./log.ts";
import { askNode, type NodeAnswer } from "./node-http.ts";
import { type Asker, askerOf, lookerOf } from "./node-tokens.ts";
import { BodyTooLargeError, readJson } from "./read-json.ts";

const labPath = "/api/lab";
const tapePath = "/api/tape/";
const healthPath = "/api/healthz";
const bodyLimit = 1 << 20;
const name = z.string().min(1).max(1024);
const entity = z.object({ type: name, id: name, namespace: name.default("default") });
const actionKey = z.uuid();
const load = z.object({ targetPerSecond: z.number().min(0).max(100_000) });

/** What the routes are answered from. */
export interface ApiParts {
  readonly hub: Hub;
  readonly guard: Guard;
  readonly tape: Tape;
  readonly recorder: Pick<Recorder, "state">;
  readonly access: Access;
  readonly actions: Actions;
  readonly auditReader: AuditReader;
  readonly lab: Lab;
  readonly log: Log;
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
      if (error instanceof BodyTooLargeError) {
        const title = "The body is too large.";
        return send(response, refusal(413, "BODY_TOO_LARGE", title, error.message));
      }
      const detail = error instanceof Error ? error.message : String(error);
      parts.log("error", "request failed", { request: `${request.method} ${path}`, error: detail });
      send(response, refusal(500, "CONSOLE_FAILED", "The console failed.", detail));
    },
  );
  return true;
}

async function respond(
  parts: ApiParts,
  request: IncomingMessage,
  path: string,
): Promise<NodeAnswer | RawAnswer> {
  const { hub, tape, recorder } = parts;
  const isRead = request.method === "GET";
  const entry = await admit(parts, request, path);
  if (entry.tag === "refused") return entry.answer;
  const { caller, asker } = entry;
  if (isRead && path.startsWith(tapePath)) {
    return await answerTape(tape, recorder.state(), path.slice(tapePath.length), queryOf(request));
  }
  switch (`${request.method} ${path}`) {
    case "GET /api/healthz":
      return { ok: true, status: 200, body: { seq: hub.authority.state?.seq ?? null } };
    case "GET /api/entity": {
      const it = entity.safeParse(queryOf(request));
      return it.success ? await lookAt(hub, it.data, asker) : malformed(it.error);
    }
    case "GET /api/daemons":
      return { ok: true, status: 200, body: await lookAtDaemons(hub) };
    case "GET /api/load":
      return await askLoad(hub, "GET");
    case "GET /api/audit":
      return await answerAudit(parts.auditReader, queryOf(request));
    case "PUT /api/load": {
      const target = load.safeParse(await readJson(request, bodyLimit));
      return target.success
        ? await setLoad(parts, request, caller, target.data)
        : malformed(target.error);
    }
    case "POST /api/command": {
      const it = command.safeParse(await readJson(request, bodyLimit));
      return it.success ? await carryOut(parts, request, caller, it.data) : malformed(it.error);
    }
    default:
      return await askLab(parts, request, path, caller);
  }
}

const noRoute = (method: string, path: string): NodeAnswer =>
  refusal(404, "NOT_FOUND", "There is no such route.", `${method} ${path}`);

type Entry =
  | { readonly tag: "refused"; readonly answer: NodeAnswer }
  | { readonly tag: "admitted"; readonly caller: Caller; readonly asker: Asker };

/** From where, then who: what is refused here has asked nothing of the cluster. */
async function admit(parts: ApiParts, request: IncomingMessage, path: string): Promise<Entry> {
  const { guard, access, actions, hub } = parts;
  const method = request.method ?? "";
  const isRead = method === "GET";
  const caller = await access.whoIs(request);
  const refuse = (problem: Problem): Entry => {
    const asked = { ...askedOf(request, caller), name: { kind: `${method} ${path}`, subject: "" } };
    // A read that is refused is nothing that happened.
    if (!isRead) return { tag: "refused", answer: actions.refuse(asked, problem) };
    return { tag: "refused", answer: { ok: false, reached: true, problem } };
  };
  const reason = isRead ? guard.refuse(request) : guard.refuseMutation(request);
  if (reason !== null) {
    return refuse(problemOf(403, "REQUEST_REFUSED", "The console refused.", reason));
  }
  const needs = routeNeedsOf(method, path);
  const isOpen = path === healthPath;
  if (caller.tag === "nobody") {
    if (!isOpen) return refuse(accessProblem(caller, needs));
    return { tag: "admitted", caller, asker: lookerOf(hub.config.tokens) };
  }
  if (!may(caller.actor.role, needs)) return refuse(accessProblem(caller, needs));
  const address = request.socket.remoteAddress ?? "";
  const answer = isRead && !isOpen ? actions.refuseRead(caller, address) : null;
  if (answer !== null) return { tag: "refused", answer };
  return { tag: "admitted", caller, asker: askerOf(hub.config.tokens, caller.actor) };
}

const queryOf = (request: IncomingMessage): Readonly<Record<string, string>> =>
  Object.fromEntries(new URL(request.url ?? "", "http://console").searchParams);

/** The lab's routes, which come last. What changes something is asked for once and written down, as everything else. */
async function askLab(
  { lab, actions }: ApiParts,
  request: IncomingMessage,
  path: string,
  caller: Caller,
): Promise<NodeAnswer> {
  const method = request.method ?? "GET";
  if (!path.startsWith(labPath)) return noRoute(method, path);
  const asked = { method, path: path.slice(labPath.length), query: queryOf(request) };
  if (method === "GET") {
    return (await answerLab(lab, { ...asked, body: null, by: null })) ?? noRoute(method, path);
  }
  const body = await readJson(request, bodyLimit);
  const isStop = path.endsWith("/stop");
  const action = { kind: isStop ? "stop-run" : "start-run", subject: labSubject(path, body) };
  const wanted = { ...askedOf(request, caller), name: action, body, isHealing: isStop };
  return await actions.act(
    { ...wanted, needs: routeNeedsOf(method, path) },
    async (asker, actor) => {
      const answer = await answerLab(lab, { ...asked, body, by: { asker, name: actor.name } });
      return answer ?? noRoute(method, path);
    },
  );
}

function carryOut(
  { hub, actions }: ApiParts,
  request: IncomingMessage,
  caller: Caller,
  it: Command,
): Promise<NodeAnswer> {
  const faultsOf = (nodeId: string): number => hub.sightings.get(nodeId)?.belief.faults.length ?? 0;
  const asked = {
    ...askedOf(request, caller),
    needs: commandNeeds[it.kind],
    name: nameOf(it),
    body: it,
    before: factsBefore(hub.authority.state, faultsOf, it),
    isHealing: it.kind === "heal" || it.kind === "heal-all",
  };
  const run = (asker: Asker): Promise<NodeAnswer> => runCommand(hub, it, asker);
  return it.kind === "preview" ? actions.look(asked, run) : actions.act(asked, run);
}

async function setLoad(
  { hub, actions }: ApiParts,
  request: IncomingMessage,
  caller: Caller,
  body: z.infer<typeof load>,
): Promise<NodeAnswer> {
  const asked = {
    ...askedOf(request, caller),
    needs: routeNeedsOf("PUT", "/api/load"),
    name: { kind: "load", subject: `${body.targetPerSecond}/s` },
    body,
    isHealing: false,
  };
  return await actions.act(asked, () => askLoad(hub, "PUT", body));
}

const askedOf = (request: IncomingMessage, caller: Caller) => ({
  caller,
  address: request.socket.remoteAddress ?? "",
  key: actionKey.safeParse(request.headers[actionHeader]).data ?? null,
  body: null as unknown,
  before: null,
});

async function askLoad(hub: Hub, method: "GET" | "PUT", body?: unknown): Promise<NodeAnswer> {
  const { loadUrl, tokens } = hub.config;
  if (loadUrl === undefined) {
    return refusal(404, "NO_LOAD", "No sample load runs.", "LEASEHOLD_LOAD_URL is not set");
  }
  return await askNode(loadUrl, { token: tokens.admin, by: "console" }, method, "", body, 3000);
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

const problemOf = (status: number, code: string, title: string, detail: string): Problem => ({
  ...{ status, code, title, detail },
  retryable: false,
  executed: "no",
});

const refusal = (status: number, code: string, title: string, detail: string): NodeAnswer => ({
  ok: false,
  reached: true,
  problem: problemOf(status, code, title, detail),
});
