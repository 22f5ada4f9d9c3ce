import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  createHttpUnderTest,
  type HttpUnderTest,
  type HttpUnderTestOptions,
} from "../testing/http-service.ts";

let http: HttpUnderTest;
let url: URL;
const sockets: Socket[] = [];

async function start(options?: HttpUnderTestOptions): Promise<void> {
  http = await createHttpUnderTest(options);
  url = new URL(await http.listen());
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await http.close();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: { code?: string };
}

/** `fetch` refuses to set Host and Origin; this is what a rebound page or another program can send. */
const get = (path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = httpRequest(
      { host: url.hostname, port: url.port, path, headers, method },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          const body = text.startsWith("{") ? JSON.parse(text) : {};
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        });
      },
    );
    sent.on("error", reject).end();
  });

function open(): Socket {
  const socket = connect(Number(url.port), url.hostname);
  socket.on("error", () => undefined);
  sockets.push(socket);
  return socket;
}

const textOf = async (socket: Socket): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

const upgrade = (path: string, headers: string[] = []): Socket => {
  const socket = open();
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${url.host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
  ];
  socket.write(`${[...lines, ...headers].join("\r\n")}\r\n\r\n`);
  return socket;
};

describe("without a token", () => {
  test("loopback names with the port are answered", async () => {
    await start();
    for (const name of ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "127.9.9.9"]) {
      const { status } = await get("/v1/cluster", { host: `${name}:${url.port}` });
      expect(status, name).toBe(200);
    }
  });

  test("the node's own Host is still answered while the server closes", async () => {
    await start();
    const socket = open();
    socket.write(`GET /livez HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n`);
    await vi.waitFor(() => expect(http.connections.counts().undecided).toBe(1));
    http.server.close();
    socket.write("\r\n");
    expect(await textOf(socket)).toMatch(/^HTTP\/1.1 200 /);
  });

  test("a foreign Host is refused on every call (DNS rebinding)", async () => {
    await start();
    const foreign = [
      `evil.example:${url.port}`,
      `127.0.0.1.evil.example:${url.port}`,
      `localhost.evil.example:${url.port}`,
      "127.0.0.1",
      "127.0.0.1:1",
      `evil@127.0.0.1:${url.port}`,
      `10.0.0.7:${url.port}`,
    ];
    for (const host of foreign) {
      for (const path of ["/livez", "/metrics", "/v1/cluster", "/nothing"]) {
        const answer = await get(path, { host });
        expect(answer, `${host} ${path}`).toMatchObject({
          status: 403,
          body: { code: "HOST_REFUSED" },
        });
      }
    }
  });

  test("a foreign Origin is refused, the node's own is not", async () => {
    await start();
    for (const origin of [
      "http://evil.example",
      "null",
      "http://localhost:1",
      `https://evil.example:${url.port}`,
    ]) {
      const answer = await get("/v1/nodes/node-1/drain", { origin }, "POST");
      expect(answer, origin).toMatchObject({ status: 403, body: { code: "ORIGIN_REFUSED" } });
    }
    expect((await get("/v1/cluster", { origin: `http://${url.host}` })).status).toBe(200);
    expect(http.node.commands).toEqual([]);
  });
});

describe("with a token", () => {
  const token = "correct-horse-battery";

  test("everything but health, metrics and the description needs it, unknown calls included", async () => {
    await start({ tokens: { admin: token } });
    const host = "node-1.example";
    for (const path of ["/livez", "/readyz", "/metrics", "/openapi.json"]) {
      expect((await get(path, { host })).status, path).toBe(200);
    }
    const closed = [
      "/v1/cluster",
      "/v1/shards",
      "/v1/self",
      "/v1/events",
      "/v1/faults",
      "/v1/plans/x",
      "/nothing",
    ];
    for (const path of closed) {
      const answer = await get(path, { host });
      expect(answer, path).toMatchObject({ status: 401, body: { code: "TOKEN_REQUIRED" } });
      expect(answer.headers["www-authenticate"]).toContain("Bearer");
    }
    expect((await get("/v1/entities/counter/c/get", { host }, "POST")).status).toBe(401);
    expect(http.node.asked).toEqual([]);
  });

  test("the right one opens, from any host; wrong ones do not", async () => {
    await start({ tokens: { admin: token } });
    const authorization = `Bearer ${token}`;
    expect((await get("/v1/cluster", { authorization, host: "node-1.example" })).status).toBe(200);
    const wrong = [
      token,
      `Basic ${token}`,
      "Bearer",
      "Bearer ",
      `Bearer ${token}x`,
      `Bearer ${token.slice(1)}`,
    ];
    for (const text of wrong) {
      expect((await get("/v1/cluster", { authorization: text })).status, text).toBe(401);
    }
  });
});

describe("open on loopback, with a token", () => {
  const token = "correct-horse-battery";
  const options = { tokens: { admin: token }, openLoopback: true };

  test("callers on this machine need none, and a wrong one is still refused", async () => {
    await start(options);
    expect((await get("/v1/cluster")).status).toBe(200);
    expect((await get("/v1/cluster", { authorization: `Bearer ${token}` })).status).toBe(200);
    for (const authorization of ["Bearer wrong", "Basic x", ""]) {
      expect((await get("/v1/cluster", { authorization })).status, authorization).toBe(401);
    }
  });

  test("pages of foreign sites are refused, by Host and by Origin", async () => {
    await start(options);
    const host = `evil.example:${url.port}`;
    expect(await get("/v1/cluster", { host })).toMatchObject({ body: { code: "HOST_REFUSED" } });
    const origin = "http://evil.example";
    expect(await get("/v1/cluster", { origin })).toMatchObject({
      body: { code: "ORIGIN_REFUSED" },
    });
  });
});

describe("broken HTTP", () => {
  test.each([
    ["REQUEST_MALFORMED", "nonsense\r\n\r\n"],
    ["REQUEST_MALFORMED", "GET / HTTP/1.1\r\nbad header\r\n\r\n"],
    ["HEADERS_TOO_LARGE", `GET / HTTP/1.1\r\nx: ${"y".repeat(20_000)}\r\n\r\n`],
    ["HOST_REFUSED", "GET /v1/cluster HTTP/1.1\r\nConnection: close\r\n\r\n"],
  ])("is answered with %s", async (code, bytes) => {
    await start();
    const socket = open();
    socket.write(bytes);
    const text = await textOf(socket);
    expect(text).toContain("application/problem+json");
    expect(text).toContain(`"code":"${code}"`);
  });
});

describe("connections", () => {
  const limits = { http: 2, observe: 1, mesh: 1, undecided: 2 };

  test("HTTP beyond its budget is told so, and a closed one makes room", async () => {
    await start({ limits });
    const half = `POST /v1/entities/a/b/c HTTP/1.1\r\nHost: ${url.host}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n`;
    const [first, second] = [open(), open()];
    for (const socket of [first, second]) socket.write(half);
    await vi.waitFor(() => expect(http.connections.counts().http).toBe(2));
    const third = open();
    third.write(`GET /livez HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`);
    const refused = await textOf(third);
    expect(refused).toContain('"code":"OVERLOADED"');
    expect(refused.toLowerCase()).toContain("connection: close");
    expect(http.connections.counts().http).toBe(2);
    first.destroy();
    await vi.waitFor(() => expect(http.connections.counts().http).toBe(1));
    expect((await get("/livez")).status).toBe(200);
  });

  test("silent connections push out the oldest silent one, never one that asked", async () => {
    await start({ limits });
    const busy = open();
    busy.write(`GET /livez HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`);
    await new Promise((resolve) => busy.once("data", resolve));
    const oldest = open();
    const closed = new Promise((resolve) => oldest.once("close", resolve));
    await vi.waitFor(() => expect(http.connections.counts().undecided).toBe(1));
    open();
    await vi.waitFor(() => expect(http.connections.counts().undecided).toBe(2));
    open();
    await closed;
    expect(busy.destroyed).toBe(false);
    expect(http.connections.counts()).toMatchObject({ http: 1, undecided: 2 });
  });

  test("HTTP connections that only wait make room for the next try", async () => {
    await start({ limits });
    for (const socket of [open(), open()]) {
      socket.write(`GET /livez HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`);
      await new Promise((resolve) => socket.once("data", resolve));
    }
    expect((await get("/livez")).status).toBe(503);
    await vi.waitFor(() => expect(http.connections.counts().http).toBeLessThan(2));
    expect((await get("/livez")).status).toBe(200);
  });

  test("a silent connection ends after the headers' time", async () => {
    await start();
    expect(http.server).toMatchObject({
      headersTimeout: 5_000,
      requestTimeout: 15_000,
      keepAliveTimeout: 72_000,
      maxConnections: 1088,
    });
  });
});

describe("an upgrade", () => {
  test("to nowhere is answered, not left waiting", async () => {
    await start();
    const text = await textOf(upgrade("/chat"));
    expect(text).toContain("404");
    expect(text).toContain('"code":"ROUTE_UNKNOWN"');
  });

  test.each(["/mesh", "/socket.io/?EIO=4&transport=websocket"])(
    "to %s is 503 until somebody serves it",
    async (path) => {
      await start();
      expect(await textOf(upgrade(path))).toContain('"code":"NODE_NOT_READY"');
    },
  );

  test("to the mesh reaches the mesh alone, one to observation observation alone", async () => {
    await start();
    const seen: string[] = [];
    http.server.on("upgrade", (request, socket) => {
      if (request.url !== "/mesh") return;
      seen.push("mesh");
      socket.end("HTTP/1.1 101 mesh\r\n\r\n");
    });
    http.serveObservation((_request, socket) => {
      seen.push("observation");
      socket.end("HTTP/1.1 101 observation\r\n\r\n");
    });
    expect(await textOf(upgrade("/mesh"))).toContain("101 mesh");
    expect(await textOf(upgrade("/socket.io/?EIO=4&transport=websocket"))).toContain(
      "101 observation",
    );
    expect(seen).toEqual(["mesh", "observation"]);
  });

  test("to the mesh beyond its budget is told so, and does not use up the others'", async () => {
    await start({ limits: { http: 2, observe: 1, mesh: 1, undecided: 4 } });
    http.server.on("upgrade", (_request, socket) => socket.write("HTTP/1.1 101 mesh\r\n\r\n"));
    const held = upgrade("/mesh");
    await new Promise((resolve) => held.once("data", resolve));
    expect(await textOf(upgrade("/mesh"))).toContain('"code":"OVERLOADED"');
    expect((await get("/livez")).status).toBe(200);
  });

  test("to the mesh from a browser's page is refused", async () => {
    await start();
    http.server.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 101 mesh\r\n\r\n"));
    expect(await textOf(upgrade("/mesh", [`Origin: http://${url.host}`]))).toContain(
      '"code":"ORIGIN_REFUSED"',
    );
  });
});
