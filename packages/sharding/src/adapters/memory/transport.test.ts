import { describe, expect, test } from "vitest";
import { transportContract } from "../../testkit/contracts/transport.ts";
import type { TransportHarness } from "../../testkit/contracts/transport-node.ts";
import { systemClock } from "../system-clock.ts";
import { ManualClock } from "./manual-clock.ts";
import { createMemoryNetwork, type MemoryNetwork, type MemoryTransport } from "./transport.ts";

function createMemoryHarness(): TransportHarness {
  const running: MemoryTransport[] = [];
  let network: MemoryNetwork | null = null;
  return {
    async start(self, gate, limits) {
      network ??= createMemoryNetwork({ clock: systemClock, ...limits });
      const transport = network.transport(self, gate);
      running.push(transport);
      return { transport, address: `memory://${self.nodeId}`, kill: () => transport.close() };
    },
    async stop() {
      await Promise.all(running.splice(0).map((transport) => transport.close()));
    },
  };
}

transportContract("memory", createMemoryHarness);

describe("the memory mesh on a manual clock", () => {
  test("nothing happens before its time, and everything in the order of sending", () => {
    const clock = new ManualClock();
    const delaysMs = [30, 10, 20];
    const network = createMemoryNetwork({ clock, latencyMs: () => delaysMs.shift() ?? 0 });
    const [a, b] = ["node-1", "node-2"].map((nodeId) => ({ nodeId, incarnation: "life-1" }));
    if (a === undefined || b === undefined) throw new Error("two nodes");
    const [sender, receiver] = [network.transport(a), network.transport(b)];
    const received: unknown[] = [];
    receiver.onMessage((_from, _channel, message) => received.push([clock.monotonicMs(), message]));
    sender.setPeers([{ ...b, address: "" }]);
    expect(sender.connected()).toEqual([]);
    clock.advance(0);
    expect(sender.connected()).toEqual([b]);
    for (const message of ["first", "second", "third"]) {
      sender.send("node-2", "data", message, "request");
      clock.advance(1);
    }
    clock.advance(26);
    expect(received).toEqual([]);
    clock.advance(10);
    expect(received).toEqual([
      [30, "first"],
      [30, "second"],
      [30, "third"],
    ]);
  });
});
