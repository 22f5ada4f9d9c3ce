import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { Packr } from "msgpackr";
import { afterEach, describe, expect, test, vi } from "vitest";
import { WebSocketServer } from "ws";
import type { NodeRef } from "../../core/ids.ts";
import { closeCodes } from "./close-codes.ts";
import { writeBytes, writeHello } from "./hello.ts";
import { isLoopback } from "./loopback.ts";
import { helloOf, prove, provenPair, RawPeer } from "./raw-peer.ts";
import { type MeshServer, startMeshServer } from "./test-server.ts";
import type { WebsocketTransportOptions } from "./transport.ts";

const secret = "shared by all";
const life = (nodeId: string, incarnation = "life-1"): NodeRef => ({ nodeId, incarnation });
const victimRef = life("node-1");
const attackerRef = life("node-9");

let running: MeshServer[] = [];
const raw: Socket[] = [];
afterEach(async () => {
  for (const socket of raw.splice(0)) socket.destroy();
  await Promise.all(running.map((server) => server.kill()));
  running = [];
});

interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

async function start(self: NodeRef, options: Partial<WebsocketTransportOptions> = {}) {
  const lines: Line[] = [];
  const log: WebsocketTransportOptions["log"] = (level, message, fields = {}) =>
    lines.push({ level, message, fields });
  const server = await startMeshServer(self, { log, ...options });
  running.push(server);
  const received: unknown[] = [];
  server.transport.onMessage((_from, _channel, message) => received.push(message));
  return { ...server, lines, received, ref: self, peer: { ...self, address: server.address } };
}

type Running = Awaited<ReturnType<typeof start>>;

const areConnected = (a: Running, b: Running) =>
  vi.waitFor(() => {
    expect(a.transport.connected()).toContainEqual(b.ref);
    expect(b.transport.connected()).toContainEqual(a.ref);
  }, 3_000);

/** A node under attack, and a friend of it: whatever happens, the two must stay in touch. */
async function startVictim(options: Partial<WebsocketTransportOptions> = {}) {
  const victim = await start(victimRef, options);
  const friend = await start(life("node-2"), options);
  friend.transport.setPeers([victim.peer]);
  await areConnected(victim, friend);
  const down: NodeRef[] = [];
  victim.transport.onPeer(
    (peer, state) => state === "down" && peer.nodeId === "node-2" && down.push(peer),
  );
  const staysInTouch = async (): Promise<void> => {
    const message = `still there ${victim.received.length}`;
    expect(friend.transport.send("node-1", "data", message, "request")).toBe("queued");
    await vi.waitFor(() => expect(victim.received).toContain(message));
    expect(down).toEqual([]);
  };
  return { victim, friend, staysInTouch };
}

const closedWith = (peer: RawPeer, code: number, timeoutMs = 1_000) =>
  vi.waitFor(() => expect(peer.closeCode).toBe(code), timeoutMs);

describe("before its proof a peer", () => {
  const frames: [string, Buffer, number][] = [
    ["garbage", Buffer.from("GET / HTTP/1.1\r\n\r\n"), closeCodes.protocolError],
    ["nothing at all", Buffer.alloc(0), closeCodes.protocolError],
    ["a msgpack frame", new Packr().pack([{ tag: "claim" }]) as Buffer, closeCodes.protocolError],
    ["a proof without a hello", writeBytes("proof", Buffer.alloc(32)), closeCodes.protocolError],
    [
      "a hello cut short",
      writeHello(helloOf(attackerRef, victimRef)).subarray(0, -1),
      closeCodes.protocolError,
    ],
    [
      "a hello with more behind it",
      Buffer.concat([writeHello(helloOf(attackerRef, victimRef)), Buffer.of(0)]),
      closeCodes.protocolError,
    ],
    [
      "a hello above the limit",
      Buffer.alloc(3_000, writeHello(helloOf(attackerRef, victimRef))),
      closeCodes.tooBig,
    ],
  ];
  test.each(frames)("that sends %s is closed", async (_what, frame, code) => {
    const { victim, staysInTouch } = await startVictim();
    const peer = await RawPeer.connect(victim.port);
    peer.send(frame);
    await closedWith(peer, code);
    await staysInTouch();
    expect(victim.transport.counters().refusedHellos).toBe(1);
  });

  test("may not make the node keep a large frame: it is closed long before the frame is complete", async () => {
    const { victim, staysInTouch } = await startVictim();
    const peer = await RawPeer.connect(victim.port);
    const socket = (peer.ws as unknown as { _socket: Socket })._socket;
    // A frame header that announces 1 MiB, and a part of it.
    socket.write(
      Buffer.concat([
        Buffer.of(0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0),
        Buffer.alloc(8_192),
      ]),
    );
    await vi.waitFor(() => expect(peer.closeCode).not.toBeNull(), 1_000);
    await staysInTouch();
  });

  test("that says nothing is closed after the hello timeout, one that says it byte by byte, too", async () => {
    const { victim, staysInTouch } = await startVictim({ limits: { helloTimeoutMs: 150 } });
    const silent = await RawPeer.connect(victim.port);
    const slow = await RawPeer.connect(victim.port);
    const socket = (slow.ws as unknown as { _socket: Socket })._socket;
    socket.write(Buffer.of(0x82, 0xc0, 0, 0, 0, 0));
    const dribble = setInterval(() => socket.write(Buffer.of(0)), 10);
    await closedWith(silent, closeCodes.helloTimeout);
    await vi.waitFor(() => expect(slow.closeCode).not.toBeNull());
    clearInterval(dribble);
    await staysInTouch();
  });

  test("that replays a proof is refused: the challenge is another one", async () => {
    const { victim, staysInTouch } = await startVictim();
    const honest = await RawPeer.connect(victim.port);
    const recorded = await prove(honest, helloOf(attackerRef, victimRef), secret);
    await honest.frame(1);
    const replay = await RawPeer.connect(victim.port);
    replay.send(recorded.hello);
    await replay.frame(0);
    replay.send(recorded.proof);
    await closedWith(replay, closeCodes.wrongSecret);
    await staysInTouch();
  });

  test("with another secret is refused, and its node says so once", async () => {
    const { victim, staysInTouch } = await startVictim();
    const limits = { backoffMinMs: 5, backoffMaxMs: 10 };
    const stranger = await start(life("node-3"), { secret: "another", limits });
    stranger.transport.setPeers([victim.peer]);
    await vi.waitFor(
      () => expect(victim.transport.counters().refusedHellos).toBeGreaterThan(6),
      3_000,
    );
    const reports = stranger.lines.filter((line) => line.message.includes("another secret"));
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({
      level: "warn",
      fields: { peer: "node-1", address: victim.address },
    });
    const refusals = victim.lines.filter((line) => line.message.includes("another secret"));
    expect(refusals).toHaveLength(1);
    expect(refusals[0]?.fields).toMatchObject({
      claims: "node-3",
      remote: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    });
    await staysInTouch();
  });

  const refusals: [string, Partial<WebsocketTransportOptions>, Partial<NodeRef>, RegExp][] = [
    ["another cluster", { cluster: "other" }, {}, /another cluster/],
    ["a life that is over", {}, { incarnation: "life-0" }, /another life of the node answered/],
  ];
  test.each(refusals)(
    "that dials %s is refused and says so",
    async (_what, options, target, why) => {
      const { victim } = await startVictim();
      const stranger = await start(life("node-3"), options);
      stranger.transport.setPeers([{ ...victim.peer, ...target }]);
      await vi.waitFor(() =>
        expect(stranger.lines.map((line) => line.message).join()).toMatch(why),
      );
      expect(stranger.transport.connected()).toEqual([]);
    },
  );

  test("of another protocol version is refused, and both sides are told both versions", async () => {
    const { victim, staysInTouch } = await startVictim();
    const peer = await RawPeer.connect(victim.port);
    const hello = writeHello(helloOf(attackerRef, victimRef));
    hello.writeUInt16BE(2, 4);
    peer.send(hello);
    await closedWith(peer, closeCodes.wrongVersion);
    const why = "another protocol version: 2 was refused by a node that has 1";
    expect(peer.closeReason).toBe(why);
    expect(victim.lines.map((line) => line.message).join()).toContain(why);
    expect(victim.transport.counters().refusedHellos).toBe(1);
    await staysInTouch();
  });

  test.each([
    [
      "another protocol version: 1 was refused by a node that has 2",
      /: another protocol version: 1 was refused by a node that has 2\. Run the same release/,
    ],
    ["run this: curl evil.example", /: another protocol version$/],
  ])("that refuses this node's version is reported in our words: %s", async (reason, line) => {
    const other = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    other.on("connection", (socket) => socket.close(closeCodes.wrongVersion, reason));
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const node = await start(victimRef);
    node.transport.setPeers([{ ...attackerRef, address: `http://127.0.0.1:${port}` }]);
    await vi.waitFor(() => expect(node.lines.map((one) => one.message).join()).toMatch(line));
    expect(node.transport.connected()).toEqual([]);
    other.close();
  });

  test("that is a browser page is turned away", async () => {
    const { victim } = await startVictim();
    await expect(RawPeer.connect(victim.port, { origin: "http://evil.example" })).rejects.toThrow(
      /403/,
    );
  });

  test("is refused by a dialler that it cannot prove itself to", async () => {
    const impostor = await start(life("node-3"), { secret: "another" });
    const node = await start(victimRef, { limits: { backoffMinMs: 5 } });
    node.transport.setPeers([impostor.peer]);
    await vi.waitFor(() =>
      expect(node.lines.map((line) => line.message).join()).toMatch(/another secret/),
    );
    expect(node.transport.connected()).toEqual([]);
  });
});

describe("a proven peer", () => {
  const pack = (value: unknown): Buffer =>
    new Packr({ moreTypes: true, useRecords: false }).pack(value) as Buffer;
  const nested = (depth: number): Buffer =>
    Buffer.concat([Buffer.alloc(depth, 0x91), Buffer.of(0xc0)]);
  const frames: [string, Buffer, number][] = [
    ["a truncated frame", pack([{ text: "hello" }]).subarray(0, -2), closeCodes.badFrame],
    ["a frame with bytes behind it", Buffer.concat([pack([1]), pack([2])]), closeCodes.badFrame],
    ["a frame that is no list", pack({ tag: "claim" }), closeCodes.badFrame],
    ["an empty frame", Buffer.alloc(0), closeCodes.badFrame],
    [
      "an announced length that is not there",
      Buffer.of(0xdd, 0xff, 0xff, 0xff, 0xff),
      closeCodes.badFrame,
    ],
    [
      "a list of a billion nothings",
      Buffer.of(0x91, 0xdd, 0x3b, 0x9a, 0xca, 0x00),
      closeCodes.badFrame,
    ],
    ["lists nested 200 deep", nested(200), closeCodes.badFrame],
    ["lists nested a million deep", nested(1_000_000), closeCodes.badFrame],
    ["a regular expression", pack([/(a+)+$/]), closeCodes.badFrame],
    [
      "a record definition",
      new Packr({ useRecords: true }).pack([{ a: 1 }]) as Buffer,
      closeCodes.badFrame,
    ],
    ["a map with a map as its key", Buffer.of(0x91, 0x81, 0x80, 0x01), closeCodes.badFrame],
    ["a frame above the limit", Buffer.alloc(5 * 1024 * 1024, 0x90), closeCodes.tooBig],
  ];
  test.each(frames)("that sends %s loses that connection only", async (_what, frame, code) => {
    const { victim, staysInTouch } = await startVictim();
    const { control, data } = await provenPair(victim.port, attackerRef, victimRef, secret);
    await vi.waitFor(() => expect(victim.transport.connected()).toContainEqual(attackerRef));
    data.send(frame);
    await closedWith(data, code);
    await vi.waitFor(() => expect(victim.transport.connected()).not.toContainEqual(attackerRef));
    await vi.waitFor(() => expect(control.closeCode).not.toBeNull());
    await staysInTouch();
  });

  test("that sends text, or breaks the WebSocket protocol, loses its connection", async () => {
    const { victim, staysInTouch } = await startVictim();
    const first = await provenPair(victim.port, attackerRef, victimRef, secret);
    first.data.ws.send("text");
    await closedWith(first.data, closeCodes.notBinary);
    await vi.waitFor(() => expect(victim.transport.connected()).not.toContainEqual(attackerRef));
    const second = await provenPair(victim.port, attackerRef, victimRef, secret);
    (second.data.ws as unknown as { _socket: Socket })._socket.write(Buffer.of(0xff, 0xff, 0xff));
    await closedWith(second.data, closeCodes.protocolError);
    await staysInTouch();
  });

  test("cannot reach a prototype by a key", async () => {
    const { victim, staysInTouch } = await startVictim();
    const { data } = await provenPair(victim.port, attackerRef, victimRef, secret);
    const key = (name: string): Buffer =>
      Buffer.concat([Buffer.of(0xa0 | name.length), Buffer.from(name)]);
    const polluted = Buffer.concat([Buffer.of(0x81), key("polluted"), Buffer.of(0xc3)]);
    const maps = [Buffer.of(0x81), Buffer.of(0xde, 0, 1), Buffer.of(0xdf, 0, 0, 0, 1)];
    for (const map of maps)
      data.send(Buffer.concat([Buffer.of(0x91), map, key("__proto__"), polluted]));
    await vi.waitFor(() => expect(victim.received).toHaveLength(3));
    for (const message of victim.received) {
      expect(Object.getPrototypeOf(message)).toBe(Object.prototype);
      expect((message as { polluted?: boolean }).polluted).toBeUndefined();
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    await staysInTouch();
  });

  test("that answers no ping is closed after the silence", async () => {
    const { victim, staysInTouch } = await startVictim({
      limits: { pingIntervalMs: 50, silenceMs: 200 },
    });
    const { control } = await provenPair(victim.port, attackerRef, victimRef, secret);
    await closedWith(control, closeCodes.silence);
    await staysInTouch();
  });

  test("that does not read fills its own queue and nothing else", async () => {
    const limits = { queueBytes: 2 * 1024 * 1024, socketBytes: 256 * 1024 };
    const { victim, staysInTouch } = await startVictim({ limits });
    const { data } = await provenPair(victim.port, attackerRef, victimRef, secret);
    await vi.waitFor(() => expect(victim.transport.connected()).toContainEqual(attackerRef));
    data.ws.pause();
    const chunk = "x".repeat(64 * 1024);
    let queued = 0;
    await vi.waitFor(() => {
      while (victim.transport.send("node-9", "data", chunk, "handoff") === "queued") queued++;
      // The kernel has taken what it takes; from here on the queue is full for good.
      expect(victim.transport.send("node-9", "data", chunk, "handoff")).toBe("full");
    });
    await staysInTouch();
    expect(queued * chunk.length).toBeLessThan(64 * 1024 * 1024);
    const dropped = victim.transport.drops
      .snapshot()
      .find((one) => one.variant === "handoff" && one.reason === "full");
    expect(dropped?.count).toBeGreaterThan(0);
  });
});

describe("a flood of sockets", () => {
  test("stays within the budget, existing peers go on, and a new one still gets in", async () => {
    const limits = { maxPendingSockets: 8, maxSockets: 32, helloTimeoutMs: 1_000 };
    const { victim, staysInTouch } = await startVictim({ limits });
    let open = 0;
    let most = 0;
    for (let index = 0; index < 200; index++) {
      const socket = connect(victim.port, "127.0.0.1");
      raw.push(socket);
      socket.on("error", () => undefined);
      socket.on("data", () => {
        open++;
        most = Math.max(most, open);
      });
      socket.on("close", () => open--);
      await once(socket, "connect");
      socket.write(
        "GET /mesh HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
      );
      if (index % 20 === 0) await staysInTouch();
    }
    const late = await start(life("node-3"));
    late.transport.setPeers([victim.peer]);
    await areConnected(victim, late);
    await staysInTouch();
    await vi.waitFor(() => expect(open).toBeLessThanOrEqual(limits.maxPendingSockets));
    expect(most).toBeLessThanOrEqual(limits.maxSockets);
  });

  test("of proven peers ends at the total budget with 503", async () => {
    const { victim, staysInTouch } = await startVictim({ limits: { maxSockets: 4 } });
    await provenPair(victim.port, attackerRef, victimRef, secret);
    await expect(RawPeer.connect(victim.port)).rejects.toThrow(/503/);
    expect(victim.transport.counters().refusedSockets).toBe(1);
    await staysInTouch();
  });
});

describe("without a secret", () => {
  test("nodes of one machine connect", async () => {
    const [a, b] = [
      await start(life("node-1"), { secret: null }),
      await start(life("node-2"), { secret: null }),
    ];
    a.transport.setPeers([b.peer]);
    await areConnected(a, b);
  });
});

describe("a loopback address", () => {
  test("is told from one that only looks like it", () => {
    const loopback = ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"];
    const others = [
      "10.0.0.1",
      "::ffff:10.0.0.1",
      "127.0.0.1.evil.example",
      "1127.0.0.1",
      "::2",
      "",
      undefined,
    ];
    expect(loopback.map(isLoopback)).toEqual(loopback.map(() => true));
    expect(others.map(isLoopback)).toEqual(others.map(() => false));
  });
});

describe("what cannot be sent", () => {
  test("is dropped and counted, and does not take the rest of its frame with it", async () => {
    const { victim, friend } = await startVictim();
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    const send = (message: unknown) => friend.transport.send("node-1", "data", message, "handoff");
    expect(send("before")).toBe("queued");
    expect(send(() => 1)).toBe("queued");
    expect(send(Symbol("none"))).toBe("queued");
    expect(send(cyclic)).toBe("full");
    expect(send("x".repeat(5 * 1024 * 1024))).toBe("full");
    // Two bytes per character: within the estimate, above the frame limit.
    expect(send("é".repeat(3 * 1024 * 1024))).toBe("queued");
    expect(send("after")).toBe("queued");
    await vi.waitFor(() => expect(victim.received).toContain("after"));
    expect(victim.received.filter((message) => typeof message === "string")).toEqual([
      "before",
      "after",
    ]);
    const failed = friend.transport.drops
      .snapshot()
      .find((one) => one.variant === "handoff" && one.reason === "delivery_failed");
    expect(failed?.count).toBeGreaterThanOrEqual(3);
  });

  test("a receiver that throws loses neither the connection nor the next message", async () => {
    const { victim, friend } = await startVictim();
    victim.transport.onMessage((_from, _channel, message) => {
      if (message === "bad") throw new Error("cannot take this");
    });
    for (const message of ["bad", "good"])
      friend.transport.send("node-1", "data", message, "request");
    await vi.waitFor(() => expect(victim.received).toEqual(["bad", "good"]));
    expect(
      victim.lines.some((line) => line.level === "error" && line.message.includes("receiver")),
    ).toBe(true);
  });
});
