import { connect as connectTcp, type Socket as TcpSocket } from "node:net";
import { StoreUnavailableError } from "@leasehold/sharding";
import type { ObservationFrames } from "@leasehold/sharding/observe";
import {
  applyEntries,
  type ClusterJson,
  fromClusterJson,
  type LogEntry,
  type ShardBelief,
} from "@leasehold/sharding/observe";
import { io, type Socket } from "socket.io-client";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createFakeFaults } from "../testing/fake-faults.ts";
import {
  createHttpUnderTest,
  type HttpUnderTest,
  type HttpUnderTestOptions,
} from "../testing/http-service.ts";
import { type Observation, serveObservation } from "./server.ts";

type FrameName = keyof ObservationFrames;
type Frame = { [Name in FrameName]: { name: Name; frame: ObservationFrames[Name] } }[FrameName];

interface Client {
  readonly socket: Socket;
  readonly frames: Frame[];
  all<Name extends FrameName>(name: Name): ObservationFrames[Name][];
}

let http: HttpUnderTest;
let observation: Observation;
let url: string;
const clients: Socket[] = [];
const sockets: TcpSocket[] = [];

async function start(options: HttpUnderTestOptions & { pingMs?: number } = {}): Promise<void> {
  http = await createHttpUnderTest(options);
  const { pingMs } = options;
  observation = serveObservation({
    nodeServer: http,
    node: http.node,
    faults: options.faults ?? null,
    log: (level, message, fields) => void http.logged.push({ level, message, fields }),
    ...(pingMs === undefined ? {} : { pingMs }),
  });
  url = await http.listen();
}

afterEach(async () => {
  for (const socket of clients.splice(0)) socket.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  await observation.close();
  await http.close();
});

function connect(
  auth: Record<string, unknown> = {},
  extraHeaders: Record<string, string> = {},
): Client {
  const socket = io(url, {
    transports: ["websocket"],
    auth,
    extraHeaders,
    forceNew: true,
    reconnection: false,
  });
  clients.push(socket);
  const frames: Frame[] = [];
  socket.onAny((name: FrameName, frame) => frames.push({ name, frame } as Frame));
  return {
    socket,
    frames,
    all: (name) =>
      frames.filter((entry) => entry.name === name).map((entry) => entry.frame) as never,
  };
}

const until = async (what: string, check: () => boolean, timeout = 4_000): Promise<void> => {
  await vi.waitFor(() => expect(check(), what).toBe(true), { timeout, interval: 10 });
};

const entriesOf = (client: Client): LogEntry[] =>
  client.all("log").flatMap((frame) => frame.entries as LogEntry[]);
const history = (): string => http.node.authority().state.history;
const seq = (): number => http.node.authority().state.seq;
const shard = (index: number, epoch = 1): ShardBelief => ({
  group: "default",
  shard: index,
  epoch,
  serving: true,
  phase: "serving",
});
const cordon = () => http.node.commit({ type: "node-cordoned", nodeId: "node-2" });

describe("an observer", () => {
  test("is told hello, the snapshot, and the belief whole", async () => {
    const faults = createFakeFaults();
    await start({ faults });
    http.node.believe([shard(0)]);
    const client = connect();
    await until("a belief arrived", () => client.all("belief").length === 1);
    expect(client.frames.slice(0, 3).map(({ name }) => name)).toEqual([
      "hello",
      "snapshot",
      "belief",
    ]);
    expect(client.all("hello")[0]).toEqual({
      protocol: 1,
      cluster: "test",
      nodeId: "node-1",
      incarnation: http.node.life,
      address: "http://127.0.0.1:4101",
      healUrl: faults.healUrl,
      faultsOn: true,
      leaseTtlMs: 5000,
    });
    const snapshot = client.all("snapshot")[0];
    expect(fromClusterJson(snapshot?.cluster as ClusterJson)).toEqual(http.node.authority().state);
    expect(snapshot?.authorityAgeMs).toBe(7);
    expect(client.all("belief")[0]).toMatchObject({
      belief: { nodeId: "node-1", role: "coordinator", healUrl: faults.healUrl, faults: [] },
      shards: [shard(0)],
    });
  });

  test("that has a position gets what follows it: no snapshot, no gap, no repetition", async () => {
    await start();
    const client = connect({ history: history(), seq: 4 });
    await until("the rest of the log arrived", () => entriesOf(client).length === 6);
    for (let count = 0; count < 1200; count += 1) cordon();
    await until("the new entries arrived", () => entriesOf(client).at(-1)?.seq === seq());
    expect(entriesOf(client).map((entry) => entry.seq)).toEqual(
      Array.from({ length: seq() - 4 }, (_, index) => index + 5),
    );
    expect(client.all("snapshot")).toEqual([]);
  });

  test("that wants no log is told beliefs, and neither a snapshot nor an entry", async () => {
    await start();
    const [client, other] = [connect({ log: false }), connect()];
    await until("the belief arrived", () => client.all("belief").length === 1);
    for (let count = 0; count < 5; count += 1) cordon();
    const isTold = ({ belief }: { belief: { seq: number } }): boolean => belief.seq === seq();
    await until("it was told how far the node is", () => client.all("belief-delta").some(isTold));
    await until("the other got the entries", () => entriesOf(other).at(-1)?.seq === seq());
    http.node.restartHistory();
    await until("the other got the new history", () => other.all("snapshot").length === 2);
    expect([...client.all("snapshot"), ...client.all("log")]).toEqual([]);
  });

  test("that follows a snapshot ends where the node is", async () => {
    await start();
    const client = connect();
    await until("the snapshot arrived", () => client.all("snapshot").length === 1);
    for (let count = 0; count < 50; count += 1) cordon();
    await until("all entries arrived", () => entriesOf(client).length === 50);
    const snapshot = fromClusterJson(client.all("snapshot")[0]?.cluster as ClusterJson);
    expect(applyEntries(snapshot, entriesOf(client))).toEqual(http.node.authority().state);
  });

  test("that comes back continues where it was", async () => {
    await start();
    const first = connect({ history: history(), seq: 0 });
    await until("the log arrived", () => entriesOf(first).length === 10);
    first.socket.close();
    cordon();
    const second = connect({ history: history(), seq: entriesOf(first).at(-1)?.seq });
    await until("the missed entry arrived", () => entriesOf(second).length === 1);
    expect(entriesOf(second)[0]?.seq).toBe(11);
  });

  test("of another history, or behind retention, begins with a snapshot", async () => {
    await start();
    const foreign = connect({ history: "another", seq: 3 });
    await until("a snapshot arrived", () => foreign.all("snapshot").length === 1);
    http.node.forget(6);
    const late = connect({ history: history(), seq: 3 });
    await until("a snapshot arrived", () => late.all("snapshot").length === 1);
    expect(entriesOf(late)).toEqual([]);
  });

  test("ahead of this node waits for it", async () => {
    await start();
    const client = connect({ history: history(), seq: 11 });
    await until("a belief arrived", () => client.all("belief").length === 1);
    cordon();
    cordon();
    await until("what follows arrived", () => entriesOf(client).length > 0);
    expect(entriesOf(client).map((entry) => entry.seq)).toEqual([12]);
    expect(client.all("snapshot")).toEqual([]);
  });

  test("gets a snapshot of the new log after a restore", async () => {
    await start();
    const client = connect({ history: history(), seq: 10 });
    await until("a belief arrived", () => client.all("belief").length === 1);
    http.node.restartHistory();
    await until("a snapshot arrived", () => client.all("snapshot").length === 1);
    expect(client.all("snapshot")[0]?.cluster).toMatchObject({ history: history(), seq: 0 });
  });

  test("gets a snapshot while neither memory nor Postgres has the log", async () => {
    await start();
    http.node.beforeReadLog = async () => {
      throw new StoreUnavailableError("gone");
    };
    const client = connect({ history: history(), seq: 2 });
    await until("a snapshot arrived", () => client.all("snapshot").length === 1);
    expect(client.frames.slice(0, 2).map(({ name }) => name)).toEqual(["hello", "belief"]);
  });

  test("is sent the log at the next heartbeat after an unexpected failure", async () => {
    await start();
    http.node.beforeReadLog = async () => {
      throw new Error("a bug");
    };
    const client = connect({ history: history(), seq: 2 });
    await until("a belief arrived", () => client.all("belief").length === 1);
    http.node.beforeReadLog = async () => undefined;
    await until("the log arrived", () => entriesOf(client).length === 8);
    expect(http.logged.map(({ message }) => message)).toContain(
      "an observer could not be sent the log",
    );
  });
});

describe("beliefs", () => {
  test("tell what changed and what is gone, and changes travel together", async () => {
    await start();
    const client = connect();
    await until("a belief arrived", () => client.all("belief").length === 1);
    const before = client.all("belief-delta").length;
    http.node.believe([shard(0), shard(1)]);
    http.node.believe([shard(0, 2)], [shard(1)]);
    await until("a change arrived", () =>
      client.all("belief-delta").some((delta) => delta.changed.length > 0),
    );
    const deltas = client.all("belief-delta").slice(before);
    expect(deltas.flatMap((delta) => delta.changed)).toEqual([shard(0, 2)]);
    expect(deltas.flatMap((delta) => delta.gone)).toEqual([{ group: "default", shard: 1 }]);
  });

  test("leave at most 20 times a second", async () => {
    await start();
    const client = connect();
    await until("a belief arrived", () => client.all("belief").length === 1);
    const began = performance.now();
    const timer = setInterval(() => http.node.believe([shard(0)]), 1);
    await until("ten beliefs arrived", () => client.all("belief-delta").length >= 10);
    clearInterval(timer);
    // Ten beliefs have nine gaps between them; the client's clock may see them a little closer.
    expect(performance.now() - began).toBeGreaterThan(9 * 45);
  });

  test("leave once a second although nothing happens", async () => {
    await start();
    const client = connect();
    await until("two heartbeats arrived", () => client.all("belief-delta").length >= 2);
    expect(client.all("belief-delta")[0]).toMatchObject({
      changed: [],
      gone: [],
      authorityAgeMs: 7,
    });
  });

  test("name the hottest shards once a second, and are otherwise as before", async () => {
    await start();
    http.node.hot = [{ group: "default", shard: 3, requestsPerSecond: 40.5, busyMs: 12 }];
    const client = connect();
    const named = () => client.all("belief-delta").filter(({ hot }) => hot !== undefined);
    await until("a belief names them", () => named().length === 1);
    expect(named()[0]?.hot).toEqual(http.node.hot);
    http.node.believe([shard(1)]);
    await until("a change was told", () => client.all("belief-delta").length > 1);
    expect(client.all("belief-delta").at(-1)).not.toHaveProperty("hot");
  });

  test("follow a fault at once", async () => {
    const faults = createFakeFaults();
    await start({ faults });
    const client = connect();
    await until("a belief arrived", () => client.all("belief").length === 1);
    await faults.set({ kind: "freeze", ttlMs: 1000 }, Promise.resolve());
    observation.touch();
    await until("the fault arrived", () =>
      client.all("belief-delta").some(({ belief }) => belief.faults[0]?.kind === "freeze"),
    );
  });
});

describe("who may observe", () => {
  const refusedWith = async (client: Client): Promise<Error & { data?: { code: string } }> =>
    await new Promise((resolve) => client.socket.on("connect_error", resolve));

  test("whoever has a token, of any role, and nobody else", async () => {
    await start({ tokens: { admin: "correct-horse", viewer: "looks-only" } });
    for (const auth of [{}, { token: "wrong-horse" }, { token: 7 }, { token: null }]) {
      const client = connect(auth);
      const error = await refusedWith(client);
      expect(["TOKEN_REQUIRED", "HANDSHAKE_INVALID"]).toContain(error.data?.code);
      expect(client.frames).toEqual([]);
    }
    const client = connect({ token: "correct-horse" });
    await until("a belief arrived", () => client.all("belief").length === 1);
    const viewer = connect({ token: "looks-only" });
    await until("the viewer sees it, too", () => viewer.all("belief").length === 1);
    expect(observation.count()).toBe(2);
  });

  test("no page of a foreign origin, token or not", async () => {
    await start({ tokens: { admin: "correct-horse", viewer: "looks-only" } });
    const client = connect({ token: "correct-horse" }, { origin: "http://evil.example" });
    expect((await refusedWith(client)).message).toBe("websocket error");
    expect(observation.count()).toBe(0);
  });

  test("no foreign Host without a token (DNS rebinding)", async () => {
    await start();
    await refusedWith(connect({}, { host: "evil.example" }));
    expect(observation.count()).toBe(0);
  });

  test("not more than the budget", async () => {
    await start({ limits: { http: 4, observe: 1, mesh: 1, undecided: 4 } });
    const first = connect();
    await until("a belief arrived", () => first.all("belief").length === 1);
    await refusedWith(connect());
    first.socket.close();
    await until("the first is gone", () => http.connections.counts().observe === 0);
    const third = connect();
    await until("a belief arrived", () => third.all("belief").length === 1);
  });

  test("nobody who sends messages, or large ones", async () => {
    await start();
    for (const text of ["x", "y".repeat(20_000)]) {
      const client = connect();
      await until("a belief arrived", () => client.all("belief").length === 1);
      for (let count = 0; count < 10; count += 1) client.socket.emit("hello", text);
      await until("the client was disconnected", () => !client.socket.connected);
    }
  });

  test("not by polling", async () => {
    await start();
    const response = await fetch(`${url}/socket.io/?EIO=4&transport=polling`);
    expect(response.status).toBe(404);
  });
});

describe("a client that does not read", () => {
  /** A socket.io client by hand, which stops reading after its handshake. */
  async function connectAndStall(): Promise<TcpSocket> {
    const { port, host } = new URL(url);
    const socket = connectTcp(Number(port), "127.0.0.1");
    socket.on("error", () => undefined);
    sockets.push(socket);
    const request = [
      "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
      `Host: ${host}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}`,
    ];
    socket.write(`${request.join("\r\n")}\r\n\r\n`);
    await new Promise((resolve) => socket.once("data", resolve));
    socket.pause();
    // A masked text frame with the packet "40": connect to the namespace.
    socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x34, 0x30]));
    await until("it is an observer", () => observation.count() === 1);
    return socket;
  }

  test("costs one frame, not all that happens, and ends by the ping timeout", async () => {
    await start({ pingMs: 1_500 });
    // Large enough that one snapshot overfills what the kernel buffers for a connection.
    http.node.commit({
      type: "group-created",
      group: "big",
      shards: 200_000,
      strategy: "least-loaded",
    });
    await connectAndStall();
    const reads = http.node.logReads;
    for (let count = 0; count < 2_000; count += 1) cordon();
    for (let count = 0; count < 2_000; count += 1) http.node.believe([shard(count % 4, count)]);
    await until("the stalled client is gone", () => observation.count() === 0, 6_000);
    expect(http.node.logReads).toBe(reads);
  });

  test("does not hold up the others", async () => {
    await start();
    http.node.commit({
      type: "group-created",
      group: "big",
      shards: 200_000,
      strategy: "least-loaded",
    });
    await connectAndStall();
    const quick = connect({ history: history(), seq: seq() });
    await until("a belief arrived", () => quick.all("belief").length === 1);
    cordon();
    await until("the entry arrived", () => entriesOf(quick).length === 1);
  });
});

test("closing leaves nobody following the node", async () => {
  await start();
  const client = connect();
  await until("a belief arrived", () => client.all("belief").length === 1);
  await observation.close();
  await until("the client was disconnected", () => !client.socket.connected);
  expect(http.node.followers).toBe(0);
});
