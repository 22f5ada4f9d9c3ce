import { expect, test, vi } from "vitest";
import type { FromNode } from "./ipc.ts";
import { connectParent } from "./parent.ts";
import { FakeNode } from "./testing/fake-node.ts";

test("a parent hears the address, the first life, and each later one once", async () => {
  const heard: FromNode[] = [];
  const parent = connectParent({ connected: true, send: (message) => heard.push(message) });
  const node = new FakeNode();
  const first = node.life;
  parent.listening("http://x");
  const stop = parent.joined(node, "http://x");
  expect(heard).toEqual([
    { type: "listening", url: "http://x" },
    { type: "joined", nodeId: "node-1", incarnation: first, url: "http://x" },
  ]);
  node.life = "00000000-0000-4000-8000-000000000000";
  await vi.waitFor(() => expect(heard).toHaveLength(3));
  expect(heard[2]).toMatchObject({ type: "joined", incarnation: node.life });
  stop();
});

test("without a parent, or after its end, nobody is told", () => {
  connectParent({}).listening("http://x");
  const send = vi.fn();
  connectParent({ connected: false, send }).listening("http://x");
  expect(send).not.toHaveBeenCalled();
});
