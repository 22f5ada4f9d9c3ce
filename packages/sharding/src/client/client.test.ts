import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { command, defineEntity } from "../runtime/entities/definition.ts";
import { type ClientOptions, createClient } from "./create-client.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function node(answer: Answer): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ok = (nodeId: string) => JSON.stringify({ result: 1, servedBy: { nodeId } });
const serves = (nodeId: string) => node((_request, response) => void response.end(ok(nodeId)));
const problem = (code: string, retryable: boolean, executed: string, more: object = {}) => ({
  ...{ code, retryable, executed, detail: `it said ${code}` },
  ...more,
});
const refuses = (status: number, body: object, asked: string[] = [], name = "") =>
  node((_request, response) => {
    asked.push(name);
    response.writeHead(status).end(JSON.stringify(body));
  });
const notReady = problem("NODE_NOT_READY", true, "no");

const counterAdd = { type: "counter", id: "a", command: "add", input: { by: 1 } };
const connect = (nodes: ClientOptions["nodes"], more: Partial<ClientOptions> = {}) =>
  createClient({ nodes, ...more });
/** A list of which the client begins at the first, wherever it is in its turns. */
const inOrder = (...nodes: readonly string[]): (() => readonly string[]) => {
  let isAsked = false;
  return () => {
    const first = isAsked ? nodes : nodes.slice(0, 1);
    isAsked = true;
    return first;
  };
};

describe("a command", () => {
  test("is sent with token, deadline, key and namespace, and the id as one segment", async () => {
    let seen: IncomingMessage | undefined;
    let body = "";
    const url = await node((request, response) => {
      seen = request;
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => response.end(ok("node-1")));
    });
    const options = { namespace: "eu west", key: "order-7", deadlineMs: 9_500 };
    const client = connect([url], { token: "secret" });
    const answer = await client.ask({ ...counterAdd, id: "a/b?c#d", ...options });
    expect(answer).toEqual({ result: 1, servedBy: { nodeId: "node-1" } });
    expect(seen?.method).toBe("POST");
    expect(seen?.url).toBe("/v1/entities/counter/a%2Fb%3Fc%23d/add?namespace=eu%20west");
    expect(seen?.headers).toMatchObject({
      authorization: "Bearer secret",
      "idempotency-key": "order-7",
    });
    expect(seen?.headers).not.toHaveProperty("leasehold-repeat");
    const deadlineMs = Number(seen?.headers["leasehold-deadline-ms"]);
    expect(deadlineMs).toBeGreaterThan(9_000);
    expect(deadlineMs).toBeLessThanOrEqual(9_500);
    expect(JSON.parse(body)).toEqual({ by: 1 });
  });

  test("goes through the typed client of its definition, and of its name alone", async () => {
    const asked: (string | undefined)[] = [];
    const url = await node((request, response) => {
      asked.push(request.url);
      response.end(ok("node-1"));
    });
    const commands = { get: command(() => 1) };
    const Counter = defineEntity("counter", { state: () => ({}), commands });
    expect(await connect([url]).entity(Counter, "c").get()).toBe(1);
    const byName = connect([`${url}/`]).entity<typeof Counter>("counter", "c");
    expect(await byName.get()).toBe(1);
    expect(asked).toEqual(["/v1/entities/counter/c/get", "/v1/entities/counter/c/get"]);
    // To await, print or compare it calls nothing.
    expect(await byName).toBe(byName);
    expect(JSON.stringify(byName)).toBe("{}");
    expect(asked).toHaveLength(2);
  });

  test("that surely did not run is tried at another node", async () => {
    const nodes = inOrder(await refuses(503, notReady), await serves("node-2"));
    expect(await connect(nodes).ask(counterAdd)).toMatchObject({ servedBy: { nodeId: "node-2" } });
  });

  test("for a node that is gone goes to another one, and the next ones begin there", async () => {
    const gone = await serves("node-1");
    servers[0]?.close();
    const client = connect([gone, await serves("node-2")]);
    for (let count = 0; count < 6; count += 1) {
      expect(await client.ask(counterAdd)).toMatchObject({ servedBy: { nodeId: "node-2" } });
    }
  });

  test("that was refused for good is not tried again, and its error is the node's", async () => {
    const issues = [{ path: "by", message: "must be a number" }];
    const asked: string[] = [];
    const invalid = problem("COMMAND_INVALID", false, "no", { issues });
    const url = await refuses(422, invalid, asked);
    await expect(connect([url]).ask(counterAdd)).rejects.toMatchObject({
      ...{ name: "COMMAND_INVALID", code: "COMMAND_INVALID", message: "it said COMMAND_INVALID" },
      ...{ retryable: false, executed: "no", issues },
    });
    const refusal = problem("INSUFFICIENT_FUNDS", false, "yes");
    await expect(connect([await refuses(422, refusal)]).ask(counterAdd)).rejects.toMatchObject({
      ...{ name: "CommandError", code: "INSUFFICIENT_FUNDS", executed: "yes", status: 422 },
    });
    expect(asked).toHaveLength(1);
  });

  test("goes no more to a node that said that it leaves, while another one does not", async () => {
    const asked: string[] = [];
    const answers = (nodeId: string, connection: string) =>
      node((_request, response) => {
        asked.push(nodeId);
        response.setHeader("connection", connection).end(ok(nodeId));
      });
    const client = connect([await answers("a", "close"), await answers("b", "keep-alive")]);
    for (let count = 0; count < 6; count += 1) await client.ask(counterAdd);
    expect(asked.filter((nodeId) => nodeId === "a")).toHaveLength(1);
  });

  test("goes to the node that said first that it leaves, when all have said so", async () => {
    const asked: string[] = [];
    const leaves = (nodeId: string) =>
      node((_request, response) => {
        asked.push(nodeId);
        response.setHeader("connection", "close");
        response.end(ok(nodeId));
      });
    const client = connect([await leaves("a"), await leaves("b"), await leaves("c")]);
    for (let count = 0; count < 5; count += 1) await client.ask(counterAdd);
    const [first, second, third] = asked;
    expect(new Set([first, second, third])).toEqual(new Set(["a", "b", "c"]));
    expect(asked.slice(3)).toEqual([first, second]);
  });

  test("never meets the end of an idle connection: the client leaves it before the node does", async () => {
    const url = await serves("node-1");
    const server = servers.at(-1) as Server;
    // It says so in its answers, and waits a second longer than it says.
    server.keepAliveTimeout = 2_000;
    const ended = once(server, "connection").then(async ([socket]) => {
      let isLeftByClient = false;
      socket.once("end", () => {
        isLeftByClient = true;
      });
      await once(socket, "close");
      return isLeftByClient;
    });
    await connect([url]).ask(counterAdd);
    expect(await ended).toBe(true);
  });

  test("takes the list of nodes as it is at each attempt", async () => {
    const second = await serves("node-2");
    let nodes: readonly string[] = [];
    const client = connect(() => nodes, { deadlineMs: 5_000 });
    const answer = client.ask(counterAdd);
    nodes = [second];
    expect(await answer).toMatchObject({ servedBy: { nodeId: "node-2" } });
  });
});

test("a node is asked so many commands at a time, and the others wait their turn", async () => {
  const open = new Set<ServerResponse>();
  let most = 0;
  const url = await node((_request, response) => {
    open.add(response);
    most = Math.max(most, open.size);
    response.once("close", () => open.delete(response));
    if (open.size === 4) for (const one of open) one.end(ok("node-1"));
  });
  const client = connect([url], { connections: 4 });
  const given = new AbortController();
  const first = Array.from({ length: 4 }, () => client.ask(counterAdd));
  const impatient = client.ask({ ...counterAdd, signal: given.signal });
  const all = [...first, ...Array.from({ length: 36 }, () => client.ask(counterAdd))];
  given.abort();
  await expect(impatient).rejects.toMatchObject({ code: "CANCELLED" });
  expect(await Promise.all(all)).toHaveLength(40);
  expect(most).toBe(4);
  const late = connect([url], { connections: 1, deadlineMs: 200 });
  const ends = await Promise.allSettled([late.ask(counterAdd), late.ask(counterAdd)]);
  expect(ends).toMatchObject([
    { reason: { code: "OUTCOME_UNKNOWN" } },
    { reason: { code: "OVERLOADED", executed: "no" } },
  ]);
});

describe("a command whose outcome is unknown", () => {
  const lost = problem("OUTCOME_UNKNOWN", false, "unknown");
  const breaks = () => node((request) => request.socket.destroy());

  test("is not sent again without a key: not where a node says so, and not where its connection broke", async () => {
    const asked: string[] = [];
    const second = await refuses(200, {}, asked);
    const said = { name: "OUTCOME_UNKNOWN", executed: "unknown", retryable: false };
    for (const first of [await refuses(502, lost), await breaks()]) {
      const client = connect(inOrder(first, second));
      await expect(client.ask(counterAdd)).rejects.toMatchObject(said);
    }
    expect(asked).toEqual([]);
  });

  test("is sent again under its key, and says that it is a repetition", async () => {
    const seen: unknown[] = [];
    const second = await node(({ headers }, response) => {
      seen.push([headers["idempotency-key"], headers["leasehold-repeat"]]);
      response.end(ok("node-2"));
    });
    for (const first of [await refuses(502, lost), await breaks()]) {
      const client = connect(inOrder(first, second));
      const answer = await client.ask({ ...counterAdd, key: "k" });
      expect(answer).toMatchObject({ servedBy: { nodeId: "node-2" } });
    }
    expect(seen).toEqual([
      ["k", "true"],
      ["k", "true"],
    ]);
  });

  test("stays unknown when the repetition is refused, or nobody takes it: neither says that it did not run", async () => {
    const refusedRepeat = await refuses(409, problem("REPEAT_REFUSED", false, "no"));
    const leaving = await refuses(503, notReady);
    for (const second of [refusedRepeat, leaving]) {
      const client = connect(inOrder(await refuses(502, lost), second), { deadlineMs: 300 });
      await expect(client.ask({ ...counterAdd, key: "k" })).rejects.toMatchObject({
        ...{ code: "OUTCOME_UNKNOWN", executed: "unknown" },
      });
    }
  });

  test("ends with the kept refusal that its repetition was answered with", async () => {
    const kept = await refuses(422, problem("INSUFFICIENT_FUNDS", false, "yes"));
    const client = connect(inOrder(await breaks(), kept));
    await expect(client.ask({ ...counterAdd, key: "k" })).rejects.toMatchObject({
      code: "INSUFFICIENT_FUNDS",
    });
  });
});

describe("a command without an answer in time", () => {
  test("fails with the last refusal where every node refuses it, and was tried more and more rarely", async () => {
    const asked: string[] = [];
    const leaving = await refuses(503, notReady, asked);
    const startMs = performance.now();
    const answer = connect([leaving], { deadlineMs: 400 }).ask(counterAdd);
    await expect(answer).rejects.toMatchObject({ name: "NODE_NOT_READY", executed: "no" });
    expect(performance.now() - startMs).toBeLessThan(1_400);
    expect(asked.length).toBeGreaterThan(1);
    expect(asked.length).toBeLessThan(12);
  });

  test("is unknown where a node took it and is silent, or never ends what it says", async () => {
    const silent = await node(() => undefined);
    const drips = await node((_request, response) => {
      const drip = setInterval(() => response.write(" "), 20);
      response.once("close", () => clearInterval(drip));
    });
    for (const url of [silent, drips]) {
      const answer = connect([url], { deadlineMs: 100 }).ask(counterAdd);
      await expect(answer).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN" });
    }
  });

  test("was given up by its caller: cancelled before it is sent, unknown after", async () => {
    const given = new AbortController();
    const silent = await node(() => given.abort());
    const client = connect([silent]);
    const call = { ...counterAdd, signal: given.signal };
    await expect(client.ask(call)).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN" });
    await expect(client.ask(call)).rejects.toMatchObject({ code: "CANCELLED", executed: "no" });
  });

  test("is cancelled while it waits between two attempts", async () => {
    const given = new AbortController();
    const leaving = await refuses(503, notReady);
    let looks = 0;
    const nodes = () => {
      looks += 1;
      // The first look was for the first attempt.
      if (looks === 2) given.abort();
      return [leaving];
    };
    const answer = connect(nodes).ask({ ...counterAdd, signal: given.signal });
    await expect(answer).rejects.toMatchObject({ code: "CANCELLED", executed: "no" });
  });
});

describe("what is no node's answer", () => {
  test.each([
    [200, "<html>", "OUTCOME_UNKNOWN", "unknown"],
    [200, "{}", "OUTCOME_UNKNOWN", "unknown"],
    [502, "<html>", "OUTCOME_UNKNOWN", "unknown"],
    [503, `{"code":1,"retryable":true,"executed":"no"}`, "OUTCOME_UNKNOWN", "unknown"],
    [404, "<html>", "HTTP_404", "no"],
    [301, "", "HTTP_301", "no"],
  ])("%i with %j fails as %s, executed %s", async (status, body, code, executed) => {
    const url = await node((_request, response) => {
      response.writeHead(status, { location: "http://127.0.0.1:1/" }).end(body);
    });
    const answer = connect([url]).ask(counterAdd);
    await expect(answer).rejects.toMatchObject({ code, executed, retryable: false });
  });
});

describe("bad input is refused before anything is sent", () => {
  test.each([
    ["not a url", `"not a url" cannot be a node's`],
    ["ftp://a/", `"ftp://a/" cannot be a node's`],
    ["http://a/?b", `"http://a/?b" cannot be a node's`],
    ["http://u:hush@a/", "A URL with a password cannot be a node's"],
  ])("the address %s", (url, words) => {
    expect(() => connect([url])).toThrow(words);
    expect(() => connect([url])).not.toThrow("hush");
  });

  test("the address that a function gives", async () => {
    await expect(connect(() => ["nowhere"]).ask(counterAdd)).rejects.toMatchObject({
      ...{ code: "OPTIONS_INVALID", executed: "no" },
    });
  });

  test("no address at all, no connections, and a token that no header can carry", () => {
    expect(() => connect(["http://a"], { connections: 0 })).toThrow("connections is 0");
    expect(() => connect([])).toThrow("nodes is empty");
    expect(() => connect(["http://a"], { token: "a\nb" })).toThrow("token must be printable");
  });

  test.each([0, -1, 1.5, Number.NaN, 60_001])("a deadline of %d ms", async (deadlineMs) => {
    const asked: string[] = [];
    const url = await refuses(200, {}, asked);
    const words = `deadlineMs is ${deadlineMs}; it must be a whole number from 1 to 60000.`;
    expect(() => connect([url], { deadlineMs })).toThrow(words);
    const answer = connect([url]).ask({ ...counterAdd, deadlineMs });
    await expect(answer).rejects.toMatchObject({ code: "OPTIONS_INVALID", message: words });
    expect(asked).toEqual([]);
  });

  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  test.each<[string, object, string]>([
    ["a key of 256 characters", { key: "k".repeat(256) }, "this one has 256"],
    ["a key of 10 kB", { key: "k".repeat(10_240) }, "this one has 10240"],
    ["an empty key", { key: "" }, "this one has 0"],
    ["a key with a line break", { key: "a\nb" }, "1 to 255 printable"],
    ["an empty id", { id: "" }, `id is "", which cannot be a part of a URL`],
    ["the id ..", { id: ".." }, `id is "..", which`],
    ["half a surrogate pair", { id: "\ud800" }, "id contains half of a surrogate pair"],
    ["a date", { input: { at: [new Date(0)] } }, "input.at.0 is an instance of Date"],
    ["a map", { input: new Map() }, "input is an instance of Map"],
    ["not a number", { input: { by: Number.NaN } }, "input.by is NaN"],
    ["a bigint", { input: { by: 1n } }, "input.by is a bigint"],
    ["a hole in a list", { input: [undefined] }, "input.0 is undefined"],
    ["what contains itself", { input: cyclic }, "contains itself"],
  ])("%s", async (_what, more, words) => {
    const asked: string[] = [];
    const client = connect([await refuses(200, {}, asked)]);
    const answer = client.ask({ ...counterAdd, ...more });
    await expect(answer).rejects.toMatchObject({
      ...{ code: "COMMAND_INVALID", executed: "no", retryable: false },
      message: expect.stringContaining(words),
    });
    expect(asked).toEqual([]);
  });
});
