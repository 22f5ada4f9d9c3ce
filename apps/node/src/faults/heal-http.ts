import { createServer, type IncomingMessage, type Server } from "node:http";
import type { ActiveFault } from "@leasehold/sharding";
import { may, type ReadToken, type Tokens, tokenReader } from "../http/roles.ts";
import { type SmallAnswer, sendAnswer, smallProblem } from "../http/small-answer.ts";

export interface HealTarget {
  list(): readonly ActiveFault[];
  heal(id?: string): readonly string[];
}

/**
 * The helper's HTTP: `GET /faults`, `DELETE /faults`, `DELETE /faults/{id}`; the same under `/v1`, where
 * a node has them, and without `/faults`: a plain DELETE of the heal address heals everything.
 *
 * With tokens, `Authorization: Bearer` must carry one: every role may look, operators heal. Without any only loopback may ask, and a foreign
 * Host or Origin is refused: a web page must not reach it through the user's browser.
 */
export function createHealServer(target: HealTarget, tokens: Tokens): Server {
  const read = tokenReader(tokens);
  const server = createServer((request, response) => {
    sendAnswer(response, refuse(request, read) ?? answer(target, request));
  });
  server.headersTimeout = 5_000;
  server.requestTimeout = 10_000;
  server.maxConnections = 64;
  return server;
}

function answer(target: HealTarget, request: IncomingMessage): SmallAnswer {
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  const match = /^(?:\/v1)?(?:\/faults)?(?:\/([^/]+))?\/?$/.exec(path);
  if (match === null) return smallProblem(404, "ROUTE_UNKNOWN", `No such path: ${path}.`);
  const id = match[1] === undefined ? undefined : decodeSegment(match[1]);
  if (request.method === "DELETE") return { status: 200, body: { healed: target.heal(id) } };
  if (request.method === "GET" && id === undefined)
    return { status: 200, body: { faults: target.list() } };
  return smallProblem(
    405,
    "METHOD_NOT_ALLOWED",
    "Use GET /faults, DELETE /faults or DELETE /faults/{id}.",
  );
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // Not an id that was ever given out; as it stands it matches none.
    return segment;
  }
}

function refuse(request: IncomingMessage, read: ReadToken | null): SmallAnswer | null {
  if (read !== null) {
    const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? "";
    const role = read(given);
    if (role === null) {
      return smallProblem(401, "TOKEN_REQUIRED", "Send the token as Authorization: Bearer.");
    }
    if (request.method === "GET" || may(role, "operator")) return null;
    return smallProblem(403, "ROLE_REQUIRED", `Operators heal; this token is a ${role}'s.`);
  }
  const { host, origin } = request.headers;
  const isForeign = [`http://${host ?? ""}`, origin].some(
    (url) => url !== undefined && !isLoopback(url),
  );
  return isForeign
    ? smallProblem(403, "HOST_REFUSED", "Without a token only loopback may ask.")
    : null;
}

function isLoopback(url: string): boolean {
  const hostname = URL.canParse(url) ? new URL(url).hostname : "";
  return ["127.0.0.1", "localhost", "[::1]"].includes(hostname);
}
