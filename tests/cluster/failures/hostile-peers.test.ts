import { connect, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { writeHello } from "../../../packages/sharding/src/adapters/websocket/hello.ts";
import { helloOf } from "../../../packages/sharding/src/adapters/websocket/raw-peer.ts";
import {
  breakProtocol,
  closeCodeOf,
  frameOf,
  introduce,
  intrude,
  knock,
} from "../bad-input/mesh-intruder.ts";
import type { TestCluster, TestNode } from "../harness.ts";
import { shareCluster } from "../share-cluster.ts";
import { homesOf, rounds, untilPassed, untilServed } from "./support.ts";

const ttlMs = 1_000;
const shared = shareCluster({ ttlMs });
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

function open(node: TestNode, text = ""): Socket {
  const socket = connect(Number(new URL(node.url).port), "127.0.0.1");
  socket.on("error", () => socket.destroy());
  if (text !== "") socket.write(text);
  sockets.push(socket);
  return socket;
}

const repeat = async (count: number, act: () => unknown): Promise<void> => {
  for (let i = 0; i < count; i += 1) {
    await act();
    // The load is of this process, too: while it stands still, its connections are as silent as the others.
    if (i % 20 === 19) await setImmediate();
  }
};

const attacks: Readonly<Record<string, (node: TestNode) => Promise<unknown>>> = {
  "a flood of silent connections": (node) => repeat(rounds(1_000, 5_000), () => open(node)),
  "a flood of connections that each send half a request": (node) =>
    repeat(500, () => open(node, "POST /v1/entities/counter/a/add HTTP/1.1\r\nHost: x\r\nX-")),
  "requests whose body never ends": (node) =>
    repeat(200, () =>
      open(
        node,
        "POST /v1/entities/counter/a/add HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
      ),
    ),
  "half mesh handshakes": (node) =>
    repeat(200, async () => {
      const peer = await knock(node);
      peer.send(Buffer.from("hello"));
    }),
  "the wrong secret, again and again": (node) =>
    repeat(50, async () => closeCodeOf(await introduce(node, "data", { secret: "guessed" }))),
  "frames that are no frames from a proven peer": (node) =>
    repeat(10, async () => {
      const { control, data } = await intrude(node);
      data.send(frameOf([{ tag: "claim", term: 1e9, claims: [{ group: "default", shard: 1 }] }]));
      data.send(Buffer.alloc(100, 0xdd));
      breakProtocol(control);
      await closeCodeOf(data);
    }),
  "frames above the limit": (node) =>
    repeat(5, async () => {
      const { data } = await intrude(node);
      data.send(Buffer.alloc(5 * 1024 * 1024, 0x90));
      await closeCodeOf(data);
    }),
  "the hello of a peer, replayed": async (node) => {
    const { nodeId, incarnation, peers } = await node.self();
    const other = peers[0];
    const from = { nodeId: other?.nodeId ?? "", incarnation: other?.incarnation ?? "" };
    const hello = writeHello({ ...helloOf(from, { nodeId, incarnation }, "control") });
    await repeat(20, async () => {
      const peer = await knock(node);
      peer.send(hello);
      peer.send(hello);
      await closeCodeOf(peer);
    });
  },
};

for (const [what, attack] of Object.entries(attacks)) {
  test(`${what}: the node serves on, and its lease is renewed on time`, async () => {
    const cluster = shared();
    const load = cluster.load({ perSecond: 50, ids: 32, deadlineMs: 3_000 });
    await untilServed(cluster, load);
    const victim = cluster.node(1);
    const before = homesOf(await cluster.shards());
    const { incarnation } = await victim.self();
    const lowest = watchLease(cluster, victim);
    await attack(victim);
    await untilServed(cluster, load);
    await untilPassed(cluster, ttlMs / 2);
    console.info(
      `at least ${(await lowest()).toFixed(0)} ms of the lease were left (ttl ${ttlMs} ms)`,
    );
    expect((await victim.self()).incarnation).toBe(incarnation);
    expect(homesOf(await cluster.shards())).toEqual(before);
    await load.stop();
    expect(load.failures()).toEqual([]);
  });
}

/** Asks on and on what is left of a lease. @returns ends it, and answers the least. */
function watchLease(cluster: TestCluster, node: TestNode): () => Promise<number> {
  let leastMs = Number.POSITIVE_INFINITY;
  let isOver = false;
  const watching = cluster.waitUntil(
    "the attack is over",
    async () => {
      leastMs = Math.min(leastMs, (await node.self()).lease.leftMs);
      return isOver;
    },
    { timeoutMs: 60_000, everyMs: 50 },
  );
  return async () => {
    isOver = true;
    await watching;
    return leastMs;
  };
}
