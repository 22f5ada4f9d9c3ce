import { afterEach, describe, expect, test, vi } from "vitest";
import { ManualClock } from "../adapters/memory/manual-clock.ts";
import { createDropCounter } from "../ports/drop-counter.ts";
import type { DropCounter, DropReason, SendResult, Transport } from "../ports/transport.ts";
import { Broadcast } from "./broadcast.ts";
import { CounterCluster } from "./fixtures/counter.ts";

const dropped = (drops: DropCounter, reason: DropReason): number =>
  drops.snapshot().find((one) => one.variant === "request" && one.reason === reason)?.count ?? -1;

describe("a message", () => {
  let cluster: CounterCluster;
  afterEach(() => void cluster.expectReplay());

  /** What each node hears of a topic, as `sender message`. */
  function listen(topic: string, namespace?: string): Record<string, string[]> {
    const options = namespace === undefined ? {} : { namespace };
    return Object.fromEntries(
      [...cluster.nodes].map(([nodeId, { node }]) => {
        const heard: string[] = [];
        node.onMessage(topic, (message, from) => void heard.push(`${from} ${message}`), options);
        return [nodeId, heard];
      }),
    );
  }
  const nodeOf = (nodeId: string) => cluster.nodeOf(nodeId).node;
  const isMeshed = () =>
    [...cluster.nodes.values()].every(({ node }) => node.belief().peers.every((p) => p.connected));

  async function startCluster(): Promise<void> {
    cluster = new CounterCluster();
    await cluster.startLedByFirst(3);
    await cluster.result(cluster.add("proxy", { proxy: true }).started);
    await cluster.until("all are connected", isMeshed);
  }

  test("is heard once by every node, its sender and a proxy included, and in its sender's order", async () => {
    await startCluster();
    const heard = listen("prices");
    for (let i = 0; i < 50; i += 1) {
      expect(nodeOf("node-2").publish("prices", i)).toBe(4);
      if (i % 10 === 0) await cluster.run(1);
    }
    await cluster.run(50);
    const all = Array.from({ length: 50 }, (_, i) => `node-2 ${i}`);
    expect(heard).toEqual({ "node-1": all, "node-2": all, "node-3": all, proxy: all });
  });

  test("is heard under its topic and namespace only, and by whoever still listens", async () => {
    await startCluster();
    const own = listen("a", "shop");
    const others = [listen("a"), listen("b", "shop"), listen("a", "shop2")];
    const gone: unknown[] = [];
    const end = nodeOf("node-1").onMessage("a", (said) => void gone.push(said), {
      namespace: "shop",
    });
    end();
    nodeOf("proxy").publish("a", "x", { namespace: "shop" });
    await cluster.run(50);
    expect(Object.values(own)).toEqual([["proxy x"], ["proxy x"], ["proxy x"], ["proxy x"]]);
    expect(others.flatMap((heard) => Object.values(heard)).flat()).toEqual([]);
    expect(gone).toEqual([]);
  });

  test("is plain data as it was when it was published", async () => {
    await startCluster();
    const heard: unknown[] = [];
    for (const id of ["node-1", "node-2"])
      nodeOf(id).onMessage("t", (said) => void heard.push(said));
    const message = { at: new Date(5), bytes: new Uint8Array([1]), list: [1n, null] };
    nodeOf("node-1").publish("t", message);
    message.list.length = 0;
    await cluster.run(50);
    const before = { at: new Date(5), bytes: new Uint8Array([1]), list: [1n, null] };
    expect(heard).toEqual([before, before]);
  });

  test("does not reach a node whose link is cut, nor later, and reaches the others", async () => {
    await startCluster();
    const heard = listen("t");
    const heal = cluster.links.cut("node-1", "node-3");
    await cluster.until("the link is down", () => !isMeshed());
    await cluster.run(1_000);
    expect(nodeOf("node-1").publish("t", "lost")).toBe(3);
    heal();
    await cluster.until("it is up", isMeshed);
    expect(nodeOf("node-1").publish("t", "found")).toBe(4);
    await cluster.run(50);
    expect(heard["node-2"]).toEqual(["node-1 lost", "node-1 found"]);
    expect(heard["node-3"]).toEqual(["node-1 found"]);
  });

  test.each<[string, readonly unknown[], DropReason]>([
    ["no number", [6, -1, "default", "t", 1], "delivery_failed"],
    ["a topic that is no text", [6, 1, "default", {}, 1], "delivery_failed"],
    ["a topic above its limit", [6, 1, "default", "t".repeat(257), 1], "delivery_failed"],
    ["a namespace that is empty", [6, 1, "", "t", 1], "delivery_failed"],
    ["no message", [6, 1, "default", "t"], "delivery_failed"],
    ["a number that was heard", [6, 0, "default", "t", 1], "unroutable"],
  ])("from a peer, with %s, is dropped and counted", async (_what, tuple, reason) => {
    await startCluster();
    const heard = listen("t");
    const stranger = cluster.stranger("stranger");
    await cluster.until("it is connected", () => stranger.connected().length === 4);
    const { drops } = nodeOf("node-1");
    const before = dropped(drops, reason);
    stranger.send("node-1", "data", tuple, "request");
    await cluster.run(20);
    expect(dropped(drops, reason)).toBe(before + 1);
    expect(heard["node-1"]).toEqual([]);
    expect(await cluster.result(cluster.count("node-1", "c"))).toBe(1);
  });

  test("after the node was stopped is refused", async () => {
    await startCluster();
    await cluster.result(nodeOf("proxy").stop());
    expect(() => nodeOf("proxy").publish("t", 1)).toThrow("proxy is stopping");
  });
});

describe("a node's broadcasts", () => {
  function scene(answer: (to: string) => SendResult = () => "queued") {
    const clock = new ManualClock();
    const drops = createDropCounter();
    const logged: string[] = [];
    const sent: string[] = [];
    const peer = (nodeId: string) => ({ nodeId, incarnation: `${nodeId}-1` });
    const send: Transport["send"] = (to, channel, message, variant) => {
      sent.push(`${to} ${channel} ${variant} ${JSON.stringify(message)}`);
      return answer(to);
    };
    const connected = () => [peer("b"), peer("c")];
    const broadcast = new Broadcast({
      ...{ clock, drops, self: () => peer("a") },
      transport: { send, connected } as unknown as Transport,
      log: (level, message, fields) => void logged.push(`${level} ${message} ${fields?.["error"]}`),
    });
    const say = (message: unknown, topic = "t", namespace = "default") =>
      broadcast.publish(topic, message, namespace);
    return { clock, drops, logged, sent, broadcast, say, peer };
  }

  test("wait for nobody: where a peer's queue is full the others get it, and the caller knows", () => {
    const { say, sent } = scene((to) => (to === "b" ? "full" : "queued"));
    expect(say(1)).toBe(2);
    expect(sent).toEqual([
      'b data request [6,1,"default","t",1]',
      'c data request [6,1,"default","t",1]',
    ]);
  });

  test("to itself are bounded, too, and heard after the call that published them", () => {
    const { say, broadcast, drops, clock } = scene();
    let heard = 0;
    broadcast.listen(
      "t",
      () => {
        heard += 1;
      },
      "default",
    );
    for (let i = 0; i < 10_005; i += 1) say(i);
    expect(heard).toBe(0);
    expect(dropped(drops, "full")).toBe(5);
    clock.advance(1);
    expect(heard).toBe(10_000);
    expect(say(1)).toBe(3);
  });

  test("that come twice are heard once, also after others, until their sender's connection ends", () => {
    const { broadcast, drops, peer } = scene();
    const heard: unknown[] = [];
    broadcast.listen("t", (message) => void heard.push(message), "default");
    const receive = (number: number, from = "b") =>
      broadcast.receive(peer(from), [6, number, "default", "t", `${from}${number}`]);
    for (const number of [1, 2, 2, 1, 3]) receive(number);
    receive(1, "c");
    expect(heard).toEqual(["b1", "b2", "b3", "c1"]);
    expect(dropped(drops, "unroutable")).toBe(2);
    broadcast.peerDown(peer("b"));
    receive(1);
    expect(heard.at(-1)).toBe("b1");
  });

  test("are heard by the other listeners when one throws or rejects, and the log says so", async () => {
    const { broadcast, logged, say, clock } = scene();
    const heard: unknown[] = [];
    broadcast.listen(
      "t",
      () => {
        throw new Error("at once");
      },
      "default",
    );
    broadcast.listen("t", async () => Promise.reject(new Error("later")), "default");
    broadcast.listen("t", (message) => void heard.push(message), "default");
    say(7);
    clock.advance(1);
    expect(heard).toEqual([7]);
    await vi.waitFor(() => expect(logged).toHaveLength(2));
    expect(logged).toEqual([
      "error a listener failed Error: at once",
      "error a listener failed Error: later",
    ]);
  });

  test.each<[string, unknown, string, string]>([
    ["an empty topic", 1, "", "A topic has 1 to 256 characters"],
    ["a topic above its limit", 1, "t".repeat(257), "A topic has 1 to 256 characters"],
    ["a topic of two lines", 1, "a\nb", "without a line break"],
    ["a function", { run: () => 1 }, "t", "message.run is a function"],
    ["a map", new Map(), "t", "message is a Map (use an object"],
    ["a text above 64 KiB", "x".repeat(65_536), "t", "A message may have 65536 bytes"],
    ["a list above 64 KiB", new Array(1_000_000).fill(null), "t", "A message may have 65536"],
  ])("of %s are refused, and nothing is sent", (_what, message, topic, words) => {
    const { say, sent } = scene();
    expect(() => say(message, topic)).toThrow(words);
    expect(() => say(message, topic)).toThrow(expect.objectContaining({ code: "MESSAGE_INVALID" }));
    expect(sent).toEqual([]);
    expect(() => say("x".repeat(65_000))).not.toThrow();
  });
});
