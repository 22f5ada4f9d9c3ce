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
