import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { httpCases } from "./bad-input/http-cases.ts";
import { LifeSigns } from "./bad-input/lives-on.ts";
import {
  breakProtocol,
  closeCodeOf,
  frameOf,
  introduce,
  intrude,
  knock,
} from "./bad-input/mesh-intruder.ts";
import { runCli } from "./bad-input/run-cli.ts";
import { startCluster, stopAll, type TestCluster, type TestNode, waitUntil } from "./harness.ts";

// One cluster for all of the file: whatever one case breaks, the cases after it see.
let cluster: TestCluster;
let life: LifeSigns;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 2, shards: 8 });
  life = new LifeSigns(cluster);
});
afterAll(() => stopAll());

describe("a bad request", () => {
  afterAll(() => life.expectAll());

  test.each(httpCases)("$what is answered with its problem by every node", async (one) => {
    for (const node of cluster.nodes) {
      const response = await fetch(`${node.url}${one.path}`, {
        method: "POST",
        headers: { "content-type": one.contentType ?? "application/json" },
        body: one.body(),
        duplex: "half",
      } as RequestInit);
      expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json/);
      const problem = (await response.json()) as { detail: string };
      expect(problem).toMatchObject({
        status: one.status,
        code: one.code,
        type: `urn:leasehold:problem:${one.code}`,
        retryable: false,
        executed: "no",
        ...one.more,
      });
      expect(response.status).toBe(one.status);
      expect(problem.detail).toMatch(one.detail);
    }
  });
});

describe("at the mesh", () => {
  afterAll(() => life.expectAll());
  const refusedHellos = "leasehold_mesh_hellos_refused_total";
  const badFrames = "leasehold_mesh_bad_frames_total";

  const strangers: [string, number, string, (node: TestNode) => ReturnType<typeof knock>][] = [
    [
      "garbage",
      1002,
      "not a mesh hello",
      async (node) => {
        const peer = await knock(node);
        peer.send(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
        return peer;
      },
    ],
    [
      "a hello above the limit",
      1009,
      "a frame above the limit",
      async (node) => {
        const peer = await knock(node);
        peer.send(Buffer.alloc(64 * 1024));
        return peer;
      },
    ],
    [
      "the proof of another secret",
      4003,
      "another secret",
      (node) => introduce(node, "data", { secret: "not the secret" }),
    ],
    [
      "the name of another cluster",
      4002,
      "another cluster",
      (node) => introduce(node, "data", { cluster: "elsewhere" }),
    ],
  ];
  test.each(strangers)(
    "%s is refused with %i, counted and logged",
    async (_what, code, why, send) => {
      for (const node of cluster.nodes) {
        const before = await node.counted(refusedHellos);
        expect(await closeCodeOf(await send(node))).toBe(code);
        await waitUntil("the refusal is counted", async () => {
          return (await node.counted(refusedHellos)) === before + 1;
        });
        // The log is a file that another process writes.
        const said = await waitUntil("the log says why", () =>
          node
            .log(50)
            .split("\n")
            .find((line) => line.includes(why)),
        );
        expect(said).toMatch(/Refused a mesh connection from 127\.0\.0\.1:\d+: /);
      }
    },
  );

  const frames: [string, number, Buffer | null][] = [
    ["a frame cut short", 1007, frameOf([{ text: "hello" }]).subarray(0, -2)],
    ["a list announced with four billion entries", 1007, Buffer.of(0xdd, 0xff, 0xff, 0xff, 0xff)],
    ["lists nested a million deep", 1007, Buffer.alloc(1_000_000, 0x91)],
    ["a frame above 4 MiB", 1009, Buffer.alloc(5 * 1024 * 1024, 0x90)],
    ["what is no WebSocket frame", 1002, null],
  ];
  test.each(frames)("%s costs a proven peer its connection (%i)", async (_what, code, frame) => {
    const node = cluster.node(1);
    const before = await node.counted(badFrames);
    const { control, data } = await intrude(node);
    if (frame === null) breakProtocol(data);
    else data.send(frame);
    expect(await closeCodeOf(data)).toBe(code);
    await closeCodeOf(control);
    expect(await node.counted(badFrames)).toBe(before + 1);
    await waitUntil("the log says why", () =>
      node
        .log(50)
        .split("\n")
        .some(
          (line) =>
            line.includes("data connection to intruder ended") && line.includes(`"code":${code}`),
        ),
    );
  });

  test("messages without sense from a proven peer are dropped, counted, and change nothing", async () => {
    const tags = [
      ...["register-region", "claim", "shards-hosted", "handoffs-acked", "shards-released"],
      ...["handoffs-failed", "host-refused", "admin", "region-registered", "region-refused"],
      ...["host-shards", "begin-handoffs", "stop-shards", "log", "admin-answer"],
      ...["state-chunk", "state-taken", "warm-state", "follow-events", "events-stored"],
    ];
    const senseless = [
      ...[null, 7, "text", [], {}, [1], [1, "x"], [2, -1], [99, 1, 2], { tag: "nonsense" }],
      ...[1, 2, 3].map((kind) => [kind, ...Array.from({ length: 12 }, () => ({ wrong: "type" }))]),
      ...tags.flatMap((tag) => [
        { tag },
        { tag, term: 1e9, incarnation: 7, entries: 1, groups: 5, shards: [null], claims: "x" },
      ]),
    ];
    for (const node of cluster.nodes) {
      const dropped = 'leasehold_frames_dropped_total{variant="request",reason="unroutable"}';
      const before = await node.counted(dropped);
      const { control, data } = await intrude(node);
      for (const message of senseless) {
        data.send(frameOf([message]));
        control.send(frameOf([message]));
      }
      await waitUntil("the senseless requests are counted", async () => {
        return (await node.counted(dropped)) > before;
      });
      await life.expectAll();
      control.ws.terminate();
      data.ws.terminate();
    }
  });
});

describe("a second process", () => {
  afterAll(() => life.expectAll());
  const envOfNode = (more: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
    DATABASE_URL: cluster.databaseUrl,
    LEASEHOLD_NODE_ID: "late",
    LEASEHOLD_SHARDS: "8",
    LEASEHOLD_LEASE_TTL_MS: "1000",
    LEASEHOLD_SECRET: "cluster-test",
    ...more,
  });

  test("with the id of a running node ends with 1 and says where that one is", async () => {
    const { incarnation, pid } = await cluster.self(1);
    const ended = await runCli(["node"], envOfNode({ LEASEHOLD_NODE_ID: "node-1" }));
    process.stdout.write(
      `a second node with the same id is refused after ${Math.round(ended.tookMs)} ms\n`,
    );
    expect(ended.tookMs).toBeLessThan(10 * 3_000);
    expect(ended.code).toBe(1);
    for (const part of ['"node-1" is in use', incarnation, cluster.node(1).url, `pid ${pid}`])
      expect(ended.stderr).toContain(part);
    expect((await cluster.self(1)).incarnation).toBe(incarnation);
    expect((await cluster.self(1)).lease.state).toBe("held");
  });

  test("with another number of shards ends with 1 and both numbers", async () => {
    const ended = await runCli(["node"], envOfNode({ LEASEHOLD_SHARDS: "16" }));
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/\b8\b/);
    expect(ended.stderr).toMatch(/\b16\b/);
  });

  test("at a port that is taken ends with 1 and names the port and the flag", async () => {
    const { host, port } = new URL(cluster.node(1).url);
    const ended = await runCli(["node"], envOfNode({ LEASEHOLD_PORT: port }));
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain(`${host} is taken`);
    expect(ended.stderr).toContain("--port (LEASEHOLD_PORT)");
  });

  test("with another secret does not become ready, serves nothing, and both sides say why", async () => {
    const stranger = cluster.addNode({ LEASEHOLD_SECRET: "another secret" });
    await stranger.start();
    const said = await waitUntil("the stranger says why", () =>
      stranger
        .log(50)
        .split("\n")
        .find((line) => line.includes("another secret")),
    );
    expect(JSON.parse(said)).toMatchObject({ level: 40, code: 4003 });
    for (const index of [1, 2]) {
      const refusal = await waitUntil(`node-${index} says whom it refused`, () =>
        cluster
          .node(index)
          .log(100)
          .split("\n")
          .find((line) => line.includes('"claims":"node-3"')),
      );
      expect(refusal).toContain("another secret");
    }
    const ready = await fetch(`${stranger.url}/readyz`);
    expect(ready.status).toBe(503);
    const call = await fetch(`${stranger.url}/v1/entities/counter/survivor-0/get`, {
      method: "POST",
    });
    expect(call.status).toBe(503);
    const owners = (await cluster.shards(1)).map((shard) => shard.owner);
    expect(owners).not.toContain(stranger.nodeId);
    expect((await stranger.stop()).code).toBe(0);
  });
});
