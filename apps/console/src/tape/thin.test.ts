import { expect, test } from "vitest";
import { beliefOf, observation, serving } from "../testing/factories.ts";
import type { NodeObservation } from "../wire/relay-frames.ts";
import { Thinner } from "./thin.ts";

const peer = (connected: boolean) => ({ ...beliefOf("node-b"), connected });
const heard = (connected: boolean, more: Partial<NodeObservation> = {}): NodeObservation => ({
  ...observation("node-a", [], { whole: false, belief: { peers: [peer(connected)] } }),
  ...more,
});
const peersOf = (thinner: Thinner, it: NodeObservation, atMs: number) => {
  const event = thinner.note(it, atMs);
  return event?.tag === "belief" ? event.node.peers : event;
};

test("peers that are as before are not kept again with what is new beside them", () => {
  const thinner = new Thinner();
  const shards = { changed: [serving(0)] };
  expect(peersOf(thinner, heard(true, shards), 0)).toMatchObject([{ connected: true }]);
  expect(peersOf(thinner, heard(true, shards), 50)).toBeNull();
  expect(peersOf(thinner, heard(false, shards), 100)).toMatchObject([{ connected: false }]);
  expect(peersOf(thinner, heard(false, shards), 150)).toBeNull();
  expect(peersOf(thinner, heard(false, { whole: true }), 200)).toMatchObject([
    { connected: false },
  ]);
});

test("a link that breaks is new, and calm afterwards is not", () => {
  const thinner = new Thinner();
  expect(thinner.note(heard(true), 0)).not.toBeNull();
  expect(thinner.note(heard(true), 1000)).toBeNull();
  expect(thinner.takeHeard(1500)).toMatchObject({ tag: "heard", nodes: [{ ageMs: 500 }] });
  expect(thinner.note(heard(false), 2000)).not.toBeNull();
  expect(thinner.takeHeard(2500)).toBeNull();
});

const heat = (shard: number, requestsPerSecond: number) => ({
  ...{ group: "default", shard, requestsPerSecond, busyMs: null },
});
const hottest = [3, 9, 1, 7, 5].map((rate, shard) => heat(shard, rate));
const keptHeat = (thinner: Thinner, atMs: number) => {
  const event = thinner.takeHeard(atMs);
  return event?.tag === "heard" ? event.nodes.map((it) => it.hot?.map(({ shard }) => shard)) : [];
};

test("the hottest few shards are kept every ten seconds, and never with the words", () => {
  const thinner = new Thinner();
  const first = thinner.note(heard(true, { hot: hottest }), 0);
  expect(first).toMatchObject({ tag: "belief" });
  expect(first?.tag === "belief" && "hot" in first.node).toBe(false);
  expect(keptHeat(thinner, 1000)).toEqual([[1, 3, 4, 0]]);
  thinner.note(heard(true, { hot: hottest }), 9000);
  expect(keptHeat(thinner, 9500)).toEqual([undefined]);
  thinner.note(heard(true, { hot: [heat(7, 1)] }), 10_000);
  // What the node says before the second is over takes nothing away from it.
  thinner.note(heard(true), 10_100);
  thinner.note(heard(false), 10_200);
  expect(keptHeat(thinner, 10_500)).toEqual([[7]]);
  thinner.note(heard(false), 11_000);
  expect(keptHeat(thinner, 11_500)).toEqual([undefined]);
});
