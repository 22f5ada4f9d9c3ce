import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { CommandClient } from "./command-client.ts";

const servers: Server[] = [];
const clients: CommandClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function node(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serves = (nodeId: string) =>
  node((_request, response) => {
    response.end(JSON.stringify({ result: 1, servedBy: { nodeId } }));
  });
const refuses = (status: number, problem: object) =>
  node((_request, response) => response.writeHead(status).end(JSON.stringify(problem)));

function send(nodes: readonly string[], deadlineMs = 10_000) {
  const client = new CommandClient({ nodes: () => nodes, token: "secret", deadlineMs });
  clients.push(client);
  return client.send({
    type: "counter",
    id: "a/b",
    command: "add",
    input: { by: 1 },
    firstNode: 0,
  });
}

describe("a command", () => {
  test("is sent with token, deadline and the id as one segment", async () => {
    let seen: IncomingMessage | undefined;
    const url = await node((request, response) => {
      seen = request;
      response.end(JSON.stringify({ result: 1, servedBy: { nodeId: "node-1" } }));
    });
    expect(await send([url])).toMatchObject({ tag: "ok", result: 1, attempts: 1 });
    expect(seen?.url).toBe("/v1/entities/counter/a%2Fb/add");
    expect(seen?.headers).toMatchObject({ authorization: "Bearer secret" });
    expect(Number(seen?.headers["leasehold-deadline-ms"])).toBeGreaterThan(9_000);
  });

  test("that surely did not run is tried on the next node", async () => {
    const leaving = await refuses(503, { code: "NODE_NOT_READY", retryable: true, executed: "no" });
    const answer = await send([leaving, await serves("node-2")]);
    expect(answer).toMatchObject({ tag: "ok", servedBy: { nodeId: "node-2" }, attempts: 2 });
  });

  test("for a node that is gone goes to the next one", async () => {
    const gone = await serves("node-1");
    servers[0]?.close();
    expect(await send([gone, await serves("node-2")])).toMatchObject({ tag: "ok", attempts: 2 });
  });

  test("that may have run is not tried again", async () => {
    const unknown = await refuses(502, {
      code: "OUTCOME_UNKNOWN",
      retryable: false,
      executed: "unknown",
    });
    expect(await send([unknown, await serves("node-2")])).toEqual({
      tag: "failed",
      code: "OUTCOME_UNKNOWN",
      executed: "unknown",
      attempts: 1,
    });
  });

  test("whose connection breaks before the answer is not tried again", async () => {
    const breaks = await node((request) => request.socket.destroy());
    expect(await send([breaks, await serves("node-2")])).toMatchObject({
      tag: "failed",
      code: "ECONNRESET",
      executed: "unknown",
    });
  });

  test("goes to the node that said first that it leaves, when all have said so", async () => {
    const asked: string[] = [];
    const leaves = (nodeId: string) =>
      node((_request, response) => {
        asked.push(nodeId);
        response.setHeader("connection", "close");
        response.end(JSON.stringify({ result: 1, servedBy: { nodeId } }));
      });
    const nodes = [await leaves("node-1"), await leaves("node-2"), await leaves("node-3")];
    const client = new CommandClient({ nodes: () => nodes });
    clients.push(client);
    for (const firstNode of [1, 0, 2, 2, 0]) {
      const command = { type: "counter", id: "a", command: "add", input: { by: 1 } };
      await client.send({ ...command, firstNode });
    }
    expect(asked).toEqual(["node-2", "node-1", "node-3", "node-2", "node-1"]);
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
    expect(await send([url])).toMatchObject({ tag: "ok" });
    expect(await ended).toBe(true);
  });

  test("that every node refuses fails at its deadline, with the last refusal", async () => {
    const leaving = await refuses(503, { code: "NODE_NOT_READY", retryable: true, executed: "no" });
    const startedMs = performance.now();
    const answer = await send([leaving], 200);
    expect(answer).toMatchObject({ tag: "failed", code: "NODE_NOT_READY", executed: "no" });
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    expect(answer.attempts).toBeGreaterThan(1);
  });

  test("that nobody answers fails after its deadline", async () => {
    const silent = await node(() => undefined);
    expect(await send([silent], 100)).toMatchObject({ code: "ETIMEDOUT", executed: "unknown" });
  });

  test("whose answer comes byte by byte and never ends fails after its deadline", async () => {
    const drips = await node((_request, response) => {
      const drip = setInterval(() => response.write(" "), 20);
      response.once("close", () => clearInterval(drip));
    });
    expect(await send([drips], 100)).toMatchObject({ tag: "failed", executed: "unknown" });
  });
});
