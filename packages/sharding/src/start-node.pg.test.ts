import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { createTestDatabase } from "@leasehold/db/testing";
import { expect, onTestFinished, test, vi } from "vitest";
import { command, defineEntity } from "./runtime/entities/definition.ts";
import { startNode } from "./start-node.ts";

const Echo = defineEntity("echo", {
  state: () => ({}),
  commands: { who: command(({ entity }) => entity.id) },
});

async function start(databaseUrl: string, nodeId: string, proxy = false) {
  const node = await startNode({ databaseUrl, nodeId, proxy, entities: [Echo], shards: 4 });
  onTestFinished(() => node.stop());
  return node;
}

test("a node and a proxy beside it: commands go through, and messages reach both over the wire", async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const host = await start(database.url, "host");
  const proxy = await start(database.url, "proxy", true);
  await vi.waitFor(() => expect(proxy.isReady()).toBe(true));
  expect(await proxy.entity(Echo, "e-1").who()).toBe("e-1");
  const { state } = proxy.authority();
  expect([state.nodes.get("proxy")?.weight, state.coordinator?.nodeId]).toEqual([0, "host"]);

  const heard: [hearer: string, from: string, message: unknown][] = [];
  for (const node of [host, proxy]) {
    node.onMessage("news", (message, from) => void heard.push([node.nodeId, from, message]));
  }
  const news = { at: new Date(5), bytes: new Uint8Array([1, 2]), big: 2n ** 60n, text: "ä" };
  expect(proxy.publish("news", news)).toBe(2);
  await vi.waitFor(() => expect(heard).toHaveLength(2));
  expect(heard).toContainEqual(["proxy", "proxy", news]);
  expect(heard.find(([hearer]) => hearer === "host")).toMatchObject([
    ...["host", "proxy"],
    { at: news.at, big: news.big, text: "ä" },
  ]);
});

test("an upgrade that is not the mesh's is refused, and keeps no node from stopping", async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const node = await start(database.url, "host");
  const { hostname, port } = new URL(node.address);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  const upgrade = "Connection: Upgrade\r\nUpgrade: websocket";
  socket.write(`GET /socket.io/ HTTP/1.1\r\nHost: ${hostname}\r\n${upgrade}\r\n\r\n`);
  expect(await text(socket)).toMatch(/^HTTP\/1.1 404 /);
  await node.stop();
});
