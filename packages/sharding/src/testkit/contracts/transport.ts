import { afterEach, describe, expect, test } from "vitest";
import type { NodeId } from "../../core/ids.ts";
import { type Channel, dropReasons, variants } from "../../ports/transport.ts";
import { SwitchGate } from "./switch-gate.ts";
import { type ContractLimits, nameOf, TestNode, type TransportHarness } from "./transport-node.ts";
import { waitUntil } from "./wait-until.ts";

const limits: ContractLimits = { queueMessages: 1_000, queueBytes: 64 * 1024, silenceMs: 600 };
/** Where frames are counted: a ping is one, too, and how many there are depends on how long a test takes. */
const withoutPings: ContractLimits = { ...limits, silenceMs: 600_000 };

/** What ports/transport.ts promises, asked of an adapter. One file, because what a mesh promises is one contract, and is read beside its port. */
export function transportContract(name: string, createHarness: () => TransportHarness): void {
  let harness: TransportHarness | null = null;
  afterEach(async () => {
    await harness?.stop();
    harness = null;
  });

  const start = async (
    nodeId: NodeId,
    incarnation = "life-1",
    { silenceMs } = limits,
  ): Promise<TestNode> => {
    harness ??= createHarness();
    const gate = new SwitchGate();
    const self = { nodeId, incarnation };
    return new TestNode(self, gate, await harness.start(self, gate, { ...limits, silenceMs }));
  };

  const areConnected = (a: TestNode, b: TestNode) =>
    waitUntil(
      `${nameOf(a.ref)} and ${nameOf(b.ref)} connected`,
      () => a.isConnectedTo(b) && b.isConnectedTo(a),
    );
  const areDisconnected = (a: TestNode, b: TestNode) =>
    waitUntil("both sides down", () => !a.isConnectedTo(b) && !b.isConnectedTo(a));
  const has = (node: TestNode, count: number, channel: Channel = "data") =>
    waitUntil(
      `${nameOf(node.ref)} received ${count} messages`,
      () => node.messages(channel).length >= count,
    );

  /** Looks for as long as several dials take. */
  const staysFalse = async (sentence: string, condition: () => boolean): Promise<void> => {
    const endMs = performance.now() + 300;
    await waitUntil("the time to look is over", () => {
      if (condition()) throw new Error(sentence);
      return performance.now() > endMs;
    });
  };

  const startPair = async (more = limits): Promise<[TestNode, TestNode]> => {
    const [a, b] = [await start("node-1", "life-1", more), await start("node-2", "life-1", more)];
    a.transport.setPeers([b.peer]);
    b.transport.setPeers([a.peer]);
    await areConnected(a, b);
    return [a, b];
  };

  describe(`${name}: connections`, () => {
    test("one side's peer list is enough for both", async () => {
      const [a, joining] = [await start("node-1"), await start("node-2")];
      joining.transport.setPeers([a.peer]);
      await areConnected(a, joining);
      expect(a.news).toEqual(["up node-2/life-1"]);
      expect(a.send(joining, "welcome")).toBe("queued");
      await has(joining, 1);
      expect(joining.received[0]).toEqual({ from: a.ref, channel: "data", message: "welcome" });
    });

    test("two nodes that dial each other at once end with one connection that was never down", async () => {
      const ids = ["node-1", "node-2", "node-3", "node-4"];
      const nodes = await Promise.all(ids.map((id) => start(id)));
      const pairs = nodes.flatMap((a) => nodes.filter((b) => b !== a).map((b) => [a, b] as const));
      const peers = nodes.map((node) => node.peer);
      for (const node of nodes) node.transport.setPeers(peers);
      for (const [a, b] of pairs) await areConnected(a, b);
      for (const [a, b] of pairs) a.send(b, a.ref.nodeId);
      for (const node of nodes) await has(node, 3);
      for (const node of nodes) {
        const others = ids.filter((id) => id !== node.ref.nodeId);
        expect(node.news.toSorted()).toEqual(others.map((id) => `up ${id}/life-1`));
        expect(node.messages().toSorted()).toEqual(others);
      }
    });

    test("an early message does not arrive before its peer is up", async () => {
      const [a, b] = [await start("node-1"), await start("node-2")];
      const order: string[] = [];
      // The other channel is the slower one: data is there long before the link is up.
      a.gate.slow(30, "control");
      a.transport.onPeer((_, state) => order.push(state));
      a.transport.onMessage(() => order.push("message"));
      b.transport.onPeer((_, state) => state === "up" && b.send(a, "at once"));
      a.transport.setPeers([b.peer]);
      await has(a, 1);
      expect(order).toEqual(["up", "message"]);
    });

    test("a peer that is killed is down at once, and what waited for it is counted", async () => {
      const [a, b] = await startPair();
      await b.kill();
      await waitUntil("down", () => !a.isConnectedTo(b), limits.silenceMs / 2);
      expect(a.news).toEqual(["up node-2/life-1", "down node-2/life-1"]);
      expect(a.send(b, 1)).toBe("disconnected");
      expect(a.dropped("request", "disconnected")).toBe(1);
    });

    test("a peer that is no longer listed is closed and not taken back", async () => {
      const [a, b] = await startPair();
      a.transport.setPeers([]);
      expect(a.news).toEqual(["up node-2/life-1", "down node-2/life-1"]);
      await areDisconnected(a, b);
      const [c] = [await start("node-3")];
      a.transport.setPeers([c.peer]);
      await areConnected(a, c);
      await staysFalse("a removed peer came back", () => a.isConnectedTo(b) || b.isConnectedTo(a));
      a.transport.setPeers([b.peer, c.peer]);
      await areConnected(a, b);
    });

    test("setting the same peers again changes nothing", async () => {
      const [a, b] = await startPair();
      a.transport.setPeers([b.peer]);
      a.send(b, 1);
      await has(b, 1);
      expect([a.news, b.news]).toEqual([["up node-2/life-1"], ["up node-1/life-1"]]);
    });

    test("a closed transport leaves, sends nothing and connects to nobody", async () => {
      const [a, b] = await startPair();
      await a.transport.close();
      expect(a.send(b, 1)).toBe("disconnected");
      await areDisconnected(a, b);
    });
  });

  describe(`${name}: messages`, () => {
    test("arrive in the order of send, per channel, with their values", async () => {
      const [a, b] = await startPair();
      const values = [
        0,
        -1,
        1.5,
        2 ** 40,
        "é",
        null,
        true,
        [1, [2]],
        { a: { b: "c" }, list: [{}] },
        new Uint8Array([1, 2]),
      ];
      for (const value of values) a.send(b, value, "control", "control");
      for (let index = 0; index < 500; index++) a.send(b, index);
      await has(b, 500);
      await has(b, values.length, "control");
      expect(b.messages()).toEqual(Array.from({ length: 500 }, (_, index) => index));
      expect(
        b.messages("control").map((value) => (value instanceof Uint8Array ? [...value] : value)),
      ).toEqual(values.map((value) => (value instanceof Uint8Array ? [...value] : value)));
    });

    test("of one tick share a frame, those of the promises that it resolves included", async () => {
      const [a, b] = await startPair(withoutPings);
      const before = a.gate.frames("out", "data");
      for (let index = 0; index < 15; index++) {
        a.send(b, index);
        let later = Promise.resolve();
        for (let hop = 0; hop < index % 10; hop++) later = later.then(() => undefined);
        void later.then(() => a.send(b, index + 15));
      }
      await has(b, 30);
      expect(a.gate.frames("out", "data") - before).toBe(1);
    });

    test("that are many in one tick need few frames, and arrive in order", async () => {
      const [a, b] = await startPair(withoutPings);
      const before = a.gate.frames("out", "data");
      const sent = Array.from({ length: 900 }, (_, index) => index);
      for (const index of sent) a.send(b, index);
      await has(b, 900);
      expect(a.gate.frames("out", "data") - before).toBeLessThan(900 / 30);
      expect(b.messages()).toEqual(sent);
    });

    test("replies go before requests of the same tick", async () => {
      const [a, b] = await startPair();
      a.send(b, "request 1");
      a.send(b, "reply 1", "data", "reply");
      a.send(b, "request 2");
      a.send(b, "reply 2", "data", "reply");
      await has(b, 4);
      expect(b.messages()).toEqual(["reply 1", "reply 2", "request 1", "request 2"]);
    });

    test("to a peer that is not connected are refused and counted", async () => {
      const [a, b] = [await start("node-1"), await start("node-2")];
      expect(a.send(b, 1, "control", "control")).toBe("disconnected");
      expect(a.dropped("control", "disconnected")).toBe(1);
    });

    test("beyond the queue's limit in messages are refused and counted, and later ones are not", async () => {
      const [a, b] = await startPair();
      a.gate.cut("out");
      const results = Array.from({ length: limits.queueMessages + 100 }, (_, index) =>
        a.send(b, index),
      );
      a.gate.heal();
      // A few were on their way already.
      const queued = results.indexOf("full");
      expect(queued).toBeGreaterThanOrEqual(limits.queueMessages);
      const refused = results.slice(queued);
      expect(refused).toEqual(Array(refused.length).fill("full"));
      expect(a.dropped("request", "full")).toBe(refused.length);
      await has(b, queued);
      expect(a.send(b, "later")).toBe("queued");
      await has(b, queued + 1);
      expect(b.messages().at(-2)).toBe(queued - 1);
    });

    test("beyond the queue's limit in bytes are refused", async () => {
      const [a, b] = await startPair();
      const chunk = "x".repeat(limits.queueBytes / 4);
      const results = Array.from({ length: 6 }, () => a.send(b, chunk, "data", "handoff"));
      expect(results.at(-1)).toBe("full");
      expect(a.dropped("handoff", "full")).toBeGreaterThan(0);
      await has(b, results.filter((result) => result === "queued").length);
      expect(a.send(b, chunk)).toBe("queued");
    });

    test("every pair of variant and reason is counted from zero", async () => {
      const a = await start("node-1");
      const snapshot = a.transport.drops.snapshot();
      expect(snapshot).toHaveLength(variants.length * dropReasons.length);
      expect(snapshot.every((entry) => entry.count === 0)).toBe(true);
    });

    test("a flush resolves when what was queued has been written", async () => {
      const [a, b] = await startPair(withoutPings);
      for (let index = 0; index < 100; index++) a.send(b, index);
      await a.transport.flush(5_000);
      const before = a.gate.frames("out", "data");
      await has(b, 100);
      expect(a.gate.frames("out", "data") - before).toBe(0);
    });
  });

  describe(`${name}: lives`, () => {
    test("a new life is another peer, and the old one is down", async () => {
      const [a, b] = await startPair();
      b.live("life-2");
      expect(b.news.at(-1)).toBe("down node-1/life-1");
      await waitUntil("the new life connected", () => a.isConnectedTo(b));
      expect(a.news).toEqual(["up node-2/life-1", "down node-2/life-1", "up node-2/life-2"]);
    });

    test("what an old life had queued is never delivered after it", async () => {
      const [a, b] = await startPair();
      a.gate.cut("out");
      b.gate.cut("out");
      for (let index = 0; index < 10; index++) {
        a.send(b, "to the old life");
        b.send(a, "from the old life");
      }
      await a.transport.flush(20);
      b.live("life-2");
      b.gate.heal();
      a.gate.heal();
      await areConnected(a, b);
      a.send(b, "to the new life");
      b.send(a, "from the new life");
      await has(a, 1);
      await has(b, 1);
      expect(b.messages()).toEqual(["to the new life"]);
      expect(
        a.received.filter((one) => one.from.incarnation === "life-2").map((one) => one.message),
      ).toEqual(["from the new life"]);
    });

    test("a listed life is not taken for another one", async () => {
      const [a, b] = [await start("node-1"), await start("node-2", "life-2")];
      a.transport.setPeers([{ ...b.peer, incarnation: "life-1" }]);
      b.transport.setPeers([a.peer]);
      await areConnected(a, b);
      expect(a.news).toEqual(["up node-2/life-2"]);
    });

    test("a life that is listed replaces the connected one", async () => {
      const [a, b] = await startPair();
      const successor = await start("node-2", "life-2");
      a.transport.setPeers([successor.peer]);
      await areConnected(a, successor);
      expect(a.news).toEqual(["up node-2/life-1", "down node-2/life-1", "up node-2/life-2"]);
      expect(a.isConnectedTo(b)).toBe(false);
    });
  });

  describe(`${name}: faults`, () => {
    for (const directions of [["in"], ["out"], ["in", "out"]] as const) {
      const isCut = (direction: string): boolean => directions.some((one) => one === direction);
      test(`a cut ${directions.join(" and ")} holds frames, and healed in time delivers them in order`, async () => {
        const [a, b] = await startPair();
        a.gate.cut(...directions);
        for (let index = 0; index < 20; index++) {
          a.send(b, index);
          b.send(a, index);
          await a.transport.flush(1);
        }
        const [toB, toA] = [isCut("out") ? 0 : 20, isCut("in") ? 0 : 20];
        await has(b, toB);
        await has(a, toA);
        expect([b.messages().length, a.messages().length]).toEqual([toB, toA]);
        a.gate.heal();
        await has(a, 20);
        await has(b, 20);
        const inOrder = Array.from({ length: 20 }, (_, index) => index);
        expect([a.messages(), b.messages()]).toEqual([inOrder, inOrder]);
        expect([a.news, b.news]).toEqual([["up node-2/life-1"], ["up node-1/life-1"]]);
      });

      test(`a cut ${directions.join(" and ")} that lasts is a black hole: both are down until it heals`, async () => {
        const [a, b] = await startPair();
        a.gate.cut(...directions);
        a.send(b, "lost or late");
        await areDisconnected(a, b);
        expect(a.send(b, "refused")).toBe("disconnected");
        a.gate.heal();
        await areConnected(a, b);
        a.send(b, "after");
        await waitUntil("the message after the heal", () => b.messages().includes("after"));
        expect(b.messages().filter((message) => message === "refused")).toEqual([]);
        expect(a.news).toEqual(["up node-2/life-1", "down node-2/life-1", "up node-2/life-1"]);
      });
    }

    test("the end of a peer behind a cut is not seen before the silence", async () => {
      const [a, b] = await startPair();
      a.gate.cut("in", "out");
      const cutAtMs = performance.now();
      await b.kill();
      await waitUntil("down", () => !a.isConnectedTo(b));
      expect(performance.now() - cutAtMs).toBeGreaterThan(limits.silenceMs / 2);
    });

    test("nobody is connected through a cut, and at once after it", async () => {
      const [a, b] = [await start("node-1"), await start("node-2")];
      b.gate.cut("in");
      a.transport.setPeers([b.peer]);
      b.transport.setPeers([a.peer]);
      const c = await start("node-3");
      a.transport.setPeers([b.peer, c.peer]);
      await areConnected(a, c);
      await staysFalse("connected through a cut", () => a.isConnectedTo(b) || b.isConnectedTo(a));
      b.gate.heal();
      await areConnected(a, b);
    });

    test("a full queue behind a cut is bounded, and drains in order on heal", async () => {
      const [a, b] = await startPair();
      a.gate.cut("out");
      const pad = "x".repeat(100);
      let accepted = 0;
      while (accepted < limits.queueBytes && a.send(b, { index: accepted, pad }) === "queued") {
        accepted++;
        if (accepted % 100 === 0) await a.transport.flush(0);
      }
      expect(accepted * pad.length).toBeLessThan(limits.queueBytes);
      expect(a.dropped("request", "full")).toBe(1);
      a.gate.heal();
      await has(b, accepted);
      const inOrder = Array.from({ length: accepted }, (_, index) => ({ index, pad }));
      expect(b.messages()).toEqual(inOrder);
    });

    test("a slow link delays and keeps the order", async () => {
      const [a, b] = await startPair();
      a.gate.slow(40);
      const sentAtMs = performance.now();
      for (let index = 0; index < 50; index++) {
        a.send(b, index);
        await a.transport.flush(0);
      }
      await has(b, 1);
      expect(performance.now() - sentAtMs).toBeGreaterThan(30);
      await has(b, 50);
      expect(b.messages()).toEqual(Array.from({ length: 50 }, (_, index) => index));
    });
  });
}
