import { Agent, createServer, get } from "node:http";
import { NodeIdInUseError, type NodeOptions } from "@leasehold/sharding";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Environment, readConfig } from "./config/read-config.ts";
import { Counter } from "./entities/counter.ts";
import { type Service, type ServiceOptions, startService } from "./service.ts";
import { FakeNode, seedCluster } from "./testing/fake-node.ts";

const running: Service[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.stop()));
});

const optionsFor = (env: Environment, start: ServiceOptions["start"]): ServiceOptions => ({
  config: readConfig({ DATABASE_URL: "postgres://localhost/x", LEASEHOLD_PORT: "0", ...env }),
  entities: [Counter],
  daemons: [],
  module: new URL("./entities/index.ts", import.meta.url),
  migrate: false,
  log: () => undefined,
  ...(start === undefined ? {} : { start }),
});

async function startWith(node: FakeNode, env: Environment = {}): Promise<Service> {
  const service = await startService(optionsFor(env, async () => node));
  running.push(service);
  return service;
}

const statusOf = async (url: string): Promise<number> => (await fetch(url)).status;

describe("a service that starts", () => {
  test.each(["on", "off"])(
    "gives its node the module where lanes have to load it, with faults %s",
    async (faults) => {
      for (const lanes of ["1", "2", "auto"]) {
        const given: NodeOptions[] = [];
        const env = { LEASEHOLD_LANES: lanes, LEASEHOLD_FAULTS: faults };
        const start = async (options: NodeOptions) => {
          given.push(options);
          return new FakeNode();
        };
        running.push(await startService(optionsFor(env, start)));
        const isModule = given[0]?.entities instanceof URL;
        expect([given[0]?.lanes, isModule]).toEqual([
          lanes === "auto" ? lanes : Number(lanes),
          lanes !== "1",
        ]);
      }
    },
  );

  test("answers health while its node joins, and is ready after", async () => {
    const node = new FakeNode();
    const joined = Promise.withResolvers<FakeNode>();
    const url = Promise.withResolvers<string>();
    const options = optionsFor({}, () => joined.promise);
    const starting = startService({ ...options, onListening: url.resolve });
    const base = await url.promise;
    expect(await statusOf(`${base}/livez`)).toBe(200);
    expect(await statusOf(`${base}/readyz`)).toBe(503);
    joined.resolve(node);
    running.push(await starting);
    expect(await statusOf(`${base}/readyz`)).toBe(200);
  });

  test("gives the node its settings, the server, and an address that others can use", async () => {
    let given: NodeOptions | undefined;
    const env = {
      LEASE_DATABASE_URL: "postgres://direct/x",
      LEASEHOLD_NODE_ID: "node-7",
      LEASEHOLD_SHARDS: "32",
      LEASEHOLD_STRATEGY: "load",
      LEASEHOLD_TOKEN: "a-long-token",
      LEASEHOLD_SECRET: "a shared secret",
      LEASEHOLD_ZONE: "eu-1a",
    };
    const service = await startService(
      optionsFor(env, async (options) => {
        given = options;
        return new FakeNode();
      }),
    );
    running.push(service);
    expect(given).toMatchObject({
      databaseUrl: "postgres://localhost/x",
      leaseDatabaseUrl: "postgres://direct/x",
      nodeId: "node-7",
      shards: 32,
      strategy: "load",
      secret: "a shared secret",
      zone: "eu-1a",
      leaseTtlMs: 5000,
      rebalance: "auto",
      trustRefused: false,
      migrate: false,
      entities: [Counter],
      advertiseUrl: service.url,
    });
    expect(service.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    expect(given?.server?.listening).toBe(true);
    // Unset ones must be absent: the library would take undefined for a value.
    expect(Object.values(given ?? {})).not.toContain(undefined);
    // The node has no use for them, and what it does not have it cannot tell.
    for (const name of ["token", "faults", "linkGate", "postgresStream", "laneGate"])
      expect(given).not.toHaveProperty(name);
  });

  test("has a fault engine and its gates only where faults are on", async () => {
    let given: NodeOptions | undefined;
    const node = new FakeNode();
    seedCluster(node);
    const service = await startService(
      optionsFor({ LEASEHOLD_FAULTS: "on" }, async (options) => {
        given = options;
        return node;
      }),
    );
    running.push(service);
    expect(given).toHaveProperty("linkGate");
    expect(given).toHaveProperty("postgresStream");
    expect(given).toHaveProperty("laneGate");
    const answer = await fetch(`${service.url}/v1/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ kind: "cut-link", peer: "node-2", ttlMs: 5000 }),
    });
    expect(answer.status).toBe(200);
    expect(given?.linkGate?.canConnect("node-2")).toBe(false);
    expect(await (await fetch(`${service.url}/v1/self`)).json()).toMatchObject({
      faults: [{ kind: "cut-link" }],
      healUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:/),
    });
  });

  test("leaves nothing behind when its node cannot start", async () => {
    const url = Promise.withResolvers<string>();
    const options = optionsFor({ LEASEHOLD_FAULTS: "on" }, async () => {
      throw new NodeIdInUseError("taken");
    });
    await expect(startService({ ...options, onListening: url.resolve })).rejects.toThrow("taken");
    await expect(fetch(await url.promise)).rejects.toThrow("fetch failed");
  });

  test("fails before the node starts when the port is taken", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    const start = vi.fn(async () => new FakeNode());
    try {
      const options = optionsFor({ LEASEHOLD_PORT: String(port) }, start);
      await expect(startService(options)).rejects.toMatchObject({ code: "EADDRINUSE" });
      expect(start).not.toHaveBeenCalled();
    } finally {
      other.close();
    }
  });
});

describe("a service that leaves", () => {
  test("is not ready, answers with Connection: close, and closes its port last", async () => {
    const node = new FakeNode();
    seedCluster(node);
    const drained = Promise.withResolvers<void>();
    node.onDrain = () => drained.promise;
    const service = await startWith(node, { LEASEHOLD_DRAIN_TIMEOUT_MS: "1234" });
    const leaving = service.leave();
    expect(await statusOf(`${service.url}/readyz`)).toBe(503);
    const answer = await fetch(`${service.url}/v1/entities/counter/c/get`, { method: "POST" });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("connection")).toBe("close");
    drained.resolve();
    await leaving;
    expect(node.calls).toEqual(["drain 1234"]);
    await expect(fetch(`${service.url}/livez`)).rejects.toThrow("fetch failed");
  });

  test("lets an answer under way finish", async () => {
    const node = new FakeNode();
    const answered = Promise.withResolvers<void>();
    const { onAsk } = node;
    node.onAsk = async (request) => {
      await answered.promise;
      return await onAsk(request);
    };
    const service = await startWith(node);
    const response = fetch(`${service.url}/v1/entities/counter/c/get`, { method: "POST" });
    await vi.waitFor(() => expect(node.asked).toHaveLength(1));
    const leaving = service.leave();
    await vi.waitFor(() => expect(fetch(`${service.url}/livez`)).rejects.toThrow("fetch failed"), {
      timeout: 5_000,
    });
    answered.resolve();
    expect((await response).status).toBe(200);
    await leaving;
  });

  test("answers for a while, with Connection: close, before it closes its port", async () => {
    const service = await startWith(new FakeNode());
    const agent = new Agent({ keepAlive: true });
    const ask = () =>
      new Promise<string | undefined>((resolve, reject) => {
        get(`${service.url}/livez`, { agent }, (response) => {
          response.resume().on("end", () => resolve(response.headers.connection));
        }).on("error", reject);
      });
    expect(await ask()).not.toBe("close");
    const leaving = service.leave();
    expect(await ask()).toBe("close");
    await leaving;
    agent.destroy();
  });

  test("answers on new connections, too, when every earlier one has been told and closed", async () => {
    const service = await startWith(new FakeNode());
    const ask = async () => (await fetch(`${service.url}/livez`)).headers.get("connection");
    await ask();
    const leaving = service.leave();
    const answers = [];
    for (let i = 0; i < 20; i += 1) answers.push(await ask());
    expect(new Set(answers)).toEqual(new Set(["close"]));
    await leaving;
  });

  test("stops without handoffs when the cluster stops, even while it leaves", async () => {
    const node = new FakeNode();
    const drained = Promise.withResolvers<void>();
    node.onDrain = () => drained.promise;
    const service = await startWith(node);
    const leaving = service.leave();
    await service.stop();
    expect(node.calls).toEqual(["drain 30000", "stop"]);
    await expect(fetch(`${service.url}/livez`)).rejects.toThrow("fetch failed");
    drained.resolve();
    await leaving;
  });

  test("closes its port although the node could not end in order", async () => {
    const node = new FakeNode();
    node.onDrain = async () => {
      throw new Error("no");
    };
    const service = await startWith(node);
    await expect(service.leave()).rejects.toThrow("no");
    await expect(fetch(`${service.url}/livez`)).rejects.toThrow("fetch failed");
  });
});
