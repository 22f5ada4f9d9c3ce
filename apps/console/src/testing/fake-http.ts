import type { IncomingMessage, ServerResponse } from "node:http";
import { answerEntity } from "./fake-entities.ts";
import type { FakeNode } from "./fake-node.ts";
import {
  applyPreview,
  type FakePlanRequest,
  planOf,
  preview,
  propose,
  setPlan,
  undo,
} from "./fake-plans.ts";

/** The few HTTP routes of a node that the console uses. */
export function answerHttp(
  node: FakeNode,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const text = Buffer.concat(chunks).toString("utf8");
    const [path = "", query = ""] = (request.url ?? "").split("?");
    if (request.method === "DELETE" && path.startsWith("/heal")) {
      node.faults = node.faults.filter((it) => it.kind !== "pause");
      return json(response, 200, { healed: 1 });
    }
    // A paused process takes the connection and says nothing until it goes on.
    const answer = (): void => {
      if (node.has("pause")) return void setTimeout(answer, 50);
      try {
        route(node, request, path, new URLSearchParams(query), text, response);
      } catch (error) {
        problem(response, 500, "FAILED", String(error));
      }
    };
    answer();
  });
}

function route(
  node: FakeNode,
  request: IncomingMessage,
  path: string,
  query: URLSearchParams,
  text: string,
  response: ServerResponse,
): void {
  const { authority } = node;
  const { method = "GET" } = request;
  const [, version, kind, id, verb] = path.split("/");
  if (version !== "v1") return problem(response, 404, "NOT_FOUND", path);
  if (kind === "events") {
    const after = Number(query.get("after") ?? 0);
    const events = authority.entries.slice(after, after + Number(query.get("limit") ?? 1000));
    return json(response, 200, { history: authority.history, events });
  }
  if (kind === "cluster") {
    return json(response, 200, { history: authority.history, seq: authority.state.seq });
  }
  const special: Readonly<Record<string, () => void>> = {
    faults: () => faults(node, method, id, text, response),
    entities: () => entities(node, request, path, text, response),
    daemons: () => daemons(node, method, id, verb, text, response),
  };
  const answer = special[kind ?? ""];
  if (answer !== undefined) return answer();
  if (method !== "POST") return problem(response, 404, "NOT_FOUND", path);
  if (kind === "plans") return plans(node, id, verb, text, response);
  if (kind === "nodes") return nodes(node, id ?? "", verb ?? "", response);
  problem(response, 404, "NOT_FOUND", path);
}

function entities(
  node: FakeNode,
  { headers }: IncomingMessage,
  path: string,
  text: string,
  response: ServerResponse,
): void {
  const key = String(headers["idempotency-key"] ?? "");
  const input = text === "" ? null : JSON.parse(text);
  const parts = path.split("/").slice(3);
  const answer = answerEntity(node, node.authority.accounts, parts, input, key);
  json(response, answer.status, answer.body);
}

function faults(
  node: FakeNode,
  method: string,
  id: string | undefined,
  text: string,
  response: ServerResponse,
): void {
  if (method === "DELETE") {
    const before = node.faults.length;
    node.faults = id === undefined ? [] : node.faults.filter((it) => it.id !== id);
    node.isZombie = false;
    return json(response, 200, { healed: before - node.faults.length });
  }
  if (method === "GET") return json(response, 200, { faults: node.faults });
  const { kind, ttlMs = 30_000, ...detail } = JSON.parse(text) as Record<string, unknown>;
  const fault = {
    id: `f_${Math.trunc(Date.now() % 1e6)}`,
    kind: String(kind),
    detail: detail as Record<string, string | number>,
    expiresInMs: Number(ttlMs),
    untilMs: Date.now() + Number(ttlMs),
  };
  json(response, 201, { id: fault.id, expiresInMs: fault.expiresInMs });
  if (kind === "crash") node.crash();
  else node.faults.push(fault);
}

function daemons(
  node: FakeNode,
  method: string,
  id: string | undefined,
  verb: string | undefined,
  text: string,
  response: ServerResponse,
): void {
  if (node.daemons === null) return problem(response, 404, "NOT_FOUND", "/v1/daemons");
  if (method === "GET") return json(response, 200, node.daemons);
  if (verb !== "scale") return problem(response, 404, "NOT_FOUND", String(verb));
  const { workers } = JSON.parse(text) as { readonly workers: number };
  json(response, 200, { daemon: id, workers });
}

function plans(
  node: FakeNode,
  id: string | undefined,
  verb: string | undefined,
  text: string,
  response: ServerResponse,
): void {
  const { authority } = node;
  if (id === undefined) {
    return json(response, 201, propose(authority, JSON.parse(text) as FakePlanRequest));
  }
  if (id === "preview") {
    return json(response, 200, preview(authority, JSON.parse(text) as FakePlanRequest));
  }
  const isNew = verb === "apply" && !authority.state.plans.has(id);
  const plan = isNew ? applyPreview(authority, id) : authority.state.plans.get(id);
  if (plan === null) return problem(response, 404, "PLAN_UNKNOWN", `No plan ${id}.`);
  if (plan === undefined) return problem(response, 404, "PLAN_UNKNOWN", `No plan ${id}.`);
  if (verb === "undo") return json(response, 200, undo(authority, plan));
  if (verb === "apply" && plan.moves.some((it) => rowEpoch(node, it.shard) !== it.epoch)) {
    setPlan(authority, id, "stale");
    return problem(
      response,
      409,
      "PLAN_STALE",
      "Shards of this plan have moved since it was made.",
    );
  }
  const next = {
    apply: "applying",
    resume: "applying",
    pause: "paused",
    cancel: "cancelled",
  } as const;
  if (verb === undefined || !(verb in next))
    return problem(response, 404, "NOT_FOUND", String(verb));
  setPlan(authority, id, next[verb as keyof typeof next]);
  json(response, 200, { ...planOf(authority, id), seq: authority.state.seq });
}

const rowEpoch = (node: FakeNode, shard: number): number | undefined =>
  node.authority.state.shards.get("default")?.[shard]?.epoch;

function nodes(node: FakeNode, nodeId: string, verb: string, response: ServerResponse): void {
  const { authority } = node;
  const row = authority.state.nodes.get(nodeId);
  if (row === undefined) return problem(response, 404, "NODE_UNKNOWN", nodeId);
  const ref = { nodeId, incarnation: row.incarnation };
  if (verb === "cordon") authority.commit({ type: "node-cordoned", nodeId });
  else if (verb === "uncordon") {
    authority.commit({ type: "node-uncordoned", nodeId });
    if (row.state !== "up") authority.commit({ type: "node-restored", ...ref });
  } else if (verb === "drain") {
    authority.commit({ type: "node-draining", ...ref });
    setPlan(authority, propose(authority, { kind: "drain", node: nodeId }).planId, "applying");
  } else return problem(response, 404, "NOT_FOUND", verb);
  json(response, 200, { nodeId, seq: authority.state.seq });
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function problem(response: ServerResponse, status: number, code: string, detail: string): void {
  response
    .writeHead(status, { "content-type": "application/problem+json" })
    .end(JSON.stringify({ title: code, status, code, detail, retryable: false, executed: "no" }));
}
